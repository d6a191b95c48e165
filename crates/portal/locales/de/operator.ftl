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

members-suspended = gesperrt
members-ended = abgelaufen
members-find = Mitglied suchen
members-find-label = Ganze E-Mail-Adresse, Kontonummer oder Kennung
members-find-hint = Versiegelte Werte werden nur als Ganzes gefunden; ein Blättern gibt es nicht.
members-find-button = Suchen
members-find-nobody = Niemand hat diese E-Mail-Adresse, Nummer oder Kennung.
members-all = Alle
members-select = { $member } auswählen
members-batch = Mit den Ausgewählten
members-batch-hint = Für alle oder für keinen: Lässt sich einer nicht ändern, geschieht nichts, und Sie erfahren, welcher.
members-action = Was geschehen soll
members-action-tariff = Den Tarif geben
members-action-extend = Um Tage verlängern
members-action-suspend = Sperren
members-action-resume = Sperre aufheben
members-days = Tage
members-do = Ausführen
members-done = Erledigt für { $count ->
    [one] { $count } Mitglied
   *[other] { $count } Mitglieder
}.
batch-size = Wählen Sie 1 bis { $limit } Mitglieder aus.
batch-gone = Mitglied { $member } ist nicht mehr da; deshalb geschah für niemanden etwas.
batch-staff = Mitglied { $member } arbeitet für den Betreiber und wird so nicht geändert; deshalb geschah für niemanden etwas.
batch-tariff = Diesen Tarif gibt es in der Konfiguration nicht; es geschah nichts.
batch-days = Mitgliedschaften werden um 1 bis { $limit } Tage verlängert.
batch-no-end = Die Mitgliedschaft von { $member } hat kein Ende; deshalb geschah für niemanden etwas. Geben Sie zuerst einen Tarif mit Tagen.
batch-undeclared = Die Erklärung sieht keine Sperren vor (suspended.day); es geschah nichts.
invitations-title = Einladungen
invitations-lead = Ein Code lässt so viele Menschen ein, wie Sie sagen, bis zu seinem Tag. Gespeichert wird nur ein Hash.
invitations-none = Keine Einladung ist offen.
invitations-left = Freie Plätze
invitations-ends = Endet
invitations-withdraw = Zurückziehen
invitations-withdraw-which = { $invitation } zurückziehen
withdraw-title = Einladung { $invitation } zurückziehen?
withdraw-lead = Ihr Code lässt niemanden mehr ein. Wer mit ihr beigetreten ist, bleibt. Das lässt sich nicht rückgängig machen.
withdraw-button = Zurückziehen
invitations-make = Einladung erstellen
invitations-count = Wie viele Codes
invitations-uses = Für wie viele
invitations-days = Für wie viele Tage
invitations-tariff = Welcher Tarif
invitations-button = Erstellen
invitations-made = Nur dieses eine Mal
invitations-made-how = Geben Sie den Code weiter oder diesen Link:
import-title = Eine Liste von Einladungen importieren
import-lead = Fügen Sie eine Liste aus einer Tabelle ein. Sie sehen, was sie ergibt, bevor etwas erzeugt wird, und erzeugt wird alles oder nichts.
import-list = Die Liste
import-text = Zeilen der Liste
import-text-hint = Die erste Zeile nennt die Spalten. Zwischen den Zellen stehen Kommas, Semikolons oder Tabulatoren.
import-look = Erst ansehen
import-back = Zurück zu den Einladungen
import-example = So sieht sie aus
import-uses = Wie viele Menschen der Code einlässt; ohne Angabe 1
import-days = Für wie viele Tage; ohne Angabe 14
import-tariff = Der Tarif; ohne Angabe der erste. Es gibt:
import-nobody = Namen und Adressen gehören nicht hierher: Mit einer Einladung wird nichts über Menschen gespeichert. Die Codes kommen in der Reihenfolge Ihrer Zeilen zurück, Sie können sie also neben Ihre eigene Liste setzen.
import-look-over = Noch ist nichts erzeugt
import-look-heading = { $invitations ->
    [one] { $invitations } Einladung
   *[other] { $invitations } Einladungen
}
import-look-lead = { $people ->
    [one] Damit kann { $people } Mensch beitreten.
   *[other] Damit können { $people } Menschen beitreten.
}
import-count = Anzahl
import-each = Menschen je Code
import-make = { $invitations ->
    [one] { $invitations } Einladung erzeugen
   *[other] { $invitations } Einladungen erzeugen
}
import-leave = Keine erzeugen
import-made-heading = { $invitations ->
    [one] { $invitations } Einladung ist erzeugt
   *[other] { $invitations } Einladungen sind erzeugt
}
import-made-lead = Speichern Sie die Codes jetzt: Aufbewahrt werden nur Hashes. Sie stehen in der Reihenfolge Ihrer Zeilen.
import-made-list = Die erzeugten Codes
import-save = Als invitations.csv speichern
import-saved = Ich habe sie gespeichert
import-empty = Die Liste hat keine Einladung: Die erste Zeile nennt die Spalten, und jede Zeile danach ist eine Einladung.
import-column = Die erste Zeile nennt die Spalten uses, days und tariff in beliebiger Reihenfolge; „{ $column }“ ist keine davon. Es wurde nichts erzeugt.
import-twice = Die erste Zeile nennt die Spalte { $column } zweimal. Es wurde nichts erzeugt.
import-cells = Zeile { $line } hat { $cells ->
    [one] { $cells } Zelle
   *[other] { $cells } Zellen
}, und die erste Zeile nennt { $columns ->
    [one] { $columns } Spalte
   *[other] { $columns } Spalten
}. Es wurde nichts erzeugt.
import-line = Zeile { $line }: { $why } Es wurde nichts erzeugt.
refused-many-invitations = Auf einmal werden 1 bis { $limit } Einladungen erzeugt. Erzeugen Sie die übrigen danach.
refused-no-such-tariff = Die Konfiguration hat keinen Tarif dieses Namens.
refused-uses = Eine Einladung lässt 1 bis { $limit } Menschen ein.
refused-days = Eine Einladung gilt 1 bis { $limit } Tage.
network-kernel = Den Kernel weiterleiten lassen
network-kernel-lacks = Das ist schneller. Dieser Maschine fehlt dafür:
doctor-title = Prüfung
doctor-well = Alles in Ordnung
doctor-bad = { $count ->
    [one] Eines stimmt nicht
   *[other] { $count } Dinge stimmen nicht
}
doctor-counts = { $checked } gerade geprüft, { $look } zum Ansehen, { $unknown } nicht herausgefunden.
doctor-mend = Zu beheben
doctor-look = Zum Ansehen
doctor-unknown = Nicht herausgefunden
doctor-good = In Ordnung
doctor-nothing-else = Nichts ist zu beheben und nichts zu verbessern.
doctor-line = Was zu tun ist: { $topic }
doctor-about = Dasselbe wie <code>candor doctor</code> auf der Maschine; die Befunde sind englisch. Was nur root sehen darf, steht dort: <code>sudo candor doctor</code>.
doctor-instance = Laufende Instanz
doctor-policy = Geltende Erklärung
doctor-confinement = Abschluss der Arbeitsprozesse
doctor-tunnel = VPN-Tunnel
doctor-forwarding = Weiterleitung
doctor-pings = Pings der Mitglieder
doctor-clock = Uhr
doctor-swap = Auslagerung
doctor-core-dumps = Speicherabzüge
doctor-port = Anschluss (Port)
doctor-name = Rechnername
doctor-certificate = Zertifikat
doctor-disk = Platte
doctor-file-modes = Dateirechte
doctor-wrapping-key = Hauptschlüssel
doctor-backup = Sicherung
doctor-database-server = Datenbankserver
doctor-database-log = Protokoll des Datenbankservers
