# Was das Team des Betreibers öffnen darf.

overview-title = Gehaltene Zusagen
overview-lead = Jedes Feld ist eine Angabe, die die Datenschutzerklärung ausschließt; seine Tönung sagt, was sie fernhält.
overview-members = <strong>{ $count }</strong> { $count ->
    [one] Mitglied
   *[other] Mitglieder
}
overview-month = <strong>{ $bytes }</strong> im { $month } übertragen
overview-connected = <strong>{ $count }</strong> { $count ->
    [one] verbundenes Gerät
   *[other] verbundene Geräte
}
overview-connected-not-counted = <strong>nicht gezählt</strong> verbundene Geräte
overview-connected-off = <strong>keine</strong> verbunden; das VPN läuft nicht
overview-kept = <strong>{ $count }</strong> { $count ->
    [one] Art von Daten gespeichert
   *[other] Arten von Daten gespeichert
}
overview-not-collected = <strong>{ $count }</strong> erklärt, nicht erhoben
overview-no-promise = Diese Erklärung sagt nirgends zu, dass etwas fehlt.
overview-whole = gehalten
overview-excepted = mit Ausnahmen
overview-not-accepted = nicht angenommen
overview-any-form = jedes Formular
overview-prove = Diese Seite zeigt, was das laufende Programm speichern kann und was nicht. Ob die Maschine neben dem Programm etwas speichert, untersucht <code>candor prove</code>.
guard-no-code = kein Code kann es aufnehmen
guard-no-table = es gibt keine Tabelle dafür
guard-elsewhere = anderswo gespeichert, durch eine eigene Angabe

members-title = Mitglieder
members-heading = { $count ->
    [one] { $count } Mitglied
   *[other] { $count } Mitglieder
}
members-lead = Zufällige Kennungen und Zahlen. Wer dahinter steht, wird dem Team nicht gezeigt.
members-id = Kennung
members-joined = Beitritt
members-devices = Geräte
members-month = Dieser Monat
members-tariff = Tarif
members-erase = Löschen
members-erase-which = { $member } löschen
members-you = Sie
members-over = Kontingent aufgebraucht
members-tariff-of = Tarif von { $member }
members-change = Ändern
members-change-which = Tarif von { $member } ändern
members-start = Von vorn
members-next = Nächste Seite
members-none = Die Liste endete vor dieser Seite.

network-title = Netz
network-no-devices = Die Datenschutzerklärung kennt keine Geräte, deshalb gibt es kein VPN.
network-runs = Das VPN läuft.
network-runs-not = Das VPN läuft nicht.
network-caption = Das VPN
network-connected = Verbundene Geräte
network-not-counted = nicht gezählt
network-endpoint = Geräte verbinden sich mit
network-key = Öffentlicher Schlüssel des Servers
network-addresses = Adresse im Tunnel, für alle dieselbe
network-dns = Nameserver
network-own-dns = die des Geräts
network-mtu = Größtes Paket im Tunnel
network-remedy = Was hilft
network-remedy-label = Die Zeile, die hilft
network-without = Alles andere funktioniert auch so: Mitglieder können beitreten, exportieren und löschen.
path-label = Pakete gehen von einem Gerät durch einen abgeschlossenen Arbeitsprozess ins Internet. Von dort gehen nur Summen zur Datenbank.
path-device = ein Gerät
path-worker = Arbeitsprozess
path-worker-first = keine Datei, keine Datenbank,
path-worker-second = keine eigenen Verbindungen
path-internet = das Internet
path-counts = Summen je Konto und Tag
path-caption = Gerät, Arbeitsprozess, Internet; Summen zur Datenbank

running-title = Die geltende Erklärung
running-heading = { $name }, Fassung { $version }
running-date = Vom { $date }.
running-file = Übersetzt aus <code>{ $file }</code>.
running-digest = Prüfsumme des Plans
kind-promises = { $count ->
    [one] Zusage
   *[other] Zusagen
}
kind-kept = gespeichert
kind-in-memory = im Arbeitsspeicher
kind-not-accepted = nicht angenommen
kind-cookies = { $count ->
    [one] Cookie
   *[other] Cookies
}
kind-recipients = { $count ->
    [one] Empfänger
   *[other] Empfänger
}
kind-notes = { $count ->
    [one] Anmerkung
   *[other] Anmerkungen
}
running-picture = In einem Bild
running-not-collected = Erklärt, von dieser Version nicht erhoben
running-tensions = Angaben, die sich widersprechen
running-tension-one = Die eine: { $statement }.
running-tension-other = Die andere: { $statement }.
running-lints = Vermutlich nicht gemeint
running-statements = Angaben
running-statement = Angabe
running-clauses = Klauseln
running-source = Die Datei
running-source-label = Die Datei der Erklärung
running-change = Eine Erklärung wird in ihrer Datei geändert und gilt, sobald candor damit startet: zuerst <code>candor policy check DATEI</code>.
