# Was ein Mitglied öffnen darf.

home-title = Übersicht
home-days-left = { $month }, { $days ->
    [0] heute ist der letzte Tag
    [one] noch { $days } Tag
   *[other] noch { $days } Tage
}
home-quota = Kontingent
home-quota-caption = Das Kontingent dieses Monats
home-used = Verbraucht
home-limit = Grenze
home-no-limit = keine
home-left = Übrig
home-day-by-day = Tag für Tag
home-vpn = VPN
home-running = Läuft
home-not-running = Läuft nicht
home-see-network = Was fehlt, steht auf der Netz-Seite des Betreibers.
home-places = { $taken } von { $limit ->
    [one] { $limit } Geräteplatz ist belegt.
   *[other] { $limit } Geräteplätzen sind belegt.
}
home-account = Konto
home-unverified = nicht geprüft
home-tariff = Tarif
home-no-mail = Diese Version verschickt keine E-Mails; niemand hat also geprüft, ob die Adresse Ihnen gehört.
home-held = Über Sie gespeichert
home-kept = Höchstens <strong>{ $kept }</strong> { $kept ->
    [one] Art von Daten;
   *[other] Arten von Daten;
} <strong>{ $never }</strong> { $never ->
    [one] Art nie.
   *[other] Arten nie.
}
home-me = Was wissen Sie über mich?
ring-used = { $percent } Prozent des Kontingents dieses Monats sind verbraucht
ring-percent = { $percent } %
ring-open = Es gibt keine Grenze

devices-title = Geräte
devices-places = { $taken } von { $limit ->
    [one] { $limit } Platz ist belegt
   *[other] { $limit } Plätzen sind belegt
}
devices-off-label = Das VPN läuft nicht
devices-off = <strong>Das VPN läuft gerade nicht.</strong> Geräte können sich nicht verbinden, und es lassen sich keine hinzufügen. Was fehlt, steht auf der Netz-Seite Ihres Betreibers.
devices-yours = Ihre Geräte
devices-find = Ein Gerät nach seinem Namen finden
devices-find-button = Finden
devices-found-none = Keines Ihrer Geräte hat das im Namen.
devices-found = { $count ->
    [one] { $count } Gerät hat „{ $typed }“ im Namen.
   *[other] { $count } Geräte haben „{ $typed }“ im Namen.
}
devices-range = { $from } bis { $to } von { $all }, nach Namen
devices-all = Alle Geräte
devices-none = Noch keine.
devices-remove = Entfernen
devices-remove-which = { $label } entfernen
devices-rename = Umbenennen
devices-rename-which = { $label } umbenennen
devices-add = Gerät hinzufügen
devices-full = In Ihrem Tarif ist kein Platz frei. Entfernen Sie zuerst ein Gerät.
devices-in-browser = Das Schlüsselpaar entsteht in diesem Browser. Der private Schlüssel verlässt ihn nie.
devices-own-key = Mit einem eigenen Schlüsselpaar
devices-add-button = Gerät hinzufügen
devices-label = Name des Geräts
devices-label-hint = Wie Sie es nennen, höchstens { $limit } Zeichen. Er wird versiegelt gespeichert.
devices-key = Öffentlicher Schlüssel
devices-key-hint = 44 Zeichen, das letzte ist =. Erzeugen Sie ein Schlüsselpaar auf dem Gerät: wg genkey | tee private.key | wg pubkey

added-title = Ihr neues Gerät
added-over = Nur dieses eine Mal zu sehen
added-heading = { $label } darf sich verbinden
added-how = Bringen Sie das auf das Gerät
added-scan = Scannen Sie den Code mit einer WireGuard-App, oder speichern Sie die Datei und öffnen Sie sie dort. Wer sie hat, kann sich als Sie verbinden.
added-by-hand = Setzen Sie Ihren privaten Schlüssel in den ersten Teil ein, speichern Sie den Text als <code>{ $file }</code> und öffnen Sie ihn mit einer WireGuard-App.
added-configuration = Konfiguration
added-save = { $file } speichern
added-psk = Der gemeinsame Schlüssel (PresharedKey) darin wird nicht noch einmal gezeigt. Verloren? Entfernen Sie das Gerät und fügen Sie es neu hinzu.
added-code = Dasselbe als Code
added-code-label = QR-Code der Konfiguration

usage-title = Verbrauch
usage-heading = { $down } empfangen, { $up } gesendet
usage-lead = In den letzten { $days } Tagen. Gespeichert wird nur eine Zahl je Tag und Richtung, { $keep }.
usage-down = empfangen
usage-up = gesendet
usage-none = Kein Datenverkehr in diesen { $days } Tagen.
usage-caption = Tag für Tag, in UTC; Tage ohne Datenverkehr werden nicht gespeichert
usage-day = Tag
usage-down-head = Empfangen
usage-up-head = Gesendet
usage-share = Anteil am stärksten Tag
usage-picture = Bytes je Tag; die Tabelle darunter hat dieselben Zahlen

me-title = Über mich
me-heading = Was wir über Sie wissen
me-lead = { $values ->
    [one] { $values } Wert, und sonst nichts.
   *[other] { $values } Werte, und sonst nichts.
}
me-next = Der nächste endet von selbst am { $when }.
me-next-soon = Der nächste endet von selbst { $when }.
me-export = Alles exportieren
me-correct = E-Mail-Adresse berichtigen
me-erase = Mich löschen
me-rows = { $rows ->
    [one] { $rows } Zeile
   *[other] { $rows } Zeilen
}
me-until-head = bis
me-until = bis { $until }
me-secret = gespeichert, wird nie gezeigt
me-facts = Zu diesen Werten
me-from = Woher
me-for = Wofür
me-until-row = Bis
me-own-times = für jede Zeile eigens
me-visits = Besuche von der Adresse, die Sie gerade benutzen
me-visits-lead = Das Zugriffsprotokoll ist mit keinem Konto verknüpft und lässt sich deshalb nur nach der Adresse zeigen. Aufbewahrung der Zeilen: { $keep }.
me-no-visits = Keine Zeile.
me-visits-newest = Dies sind die neuesten { $lines }. Ein Programm, dessen Zugriffstoken das Konto lesen darf, bekommt alle.
me-lines = { $lines ->
    [one] { $lines } Zeile
   *[other] { $lines } Zeilen
}
me-forget-visits = Diese Zeilen löschen
treemap-label = { $values ->
    [one] { $values } Wert ist über Sie gespeichert; die Listen darunter zeigen ihn
   *[other] { $values } Werte sind über Sie gespeichert; die Listen darunter zeigen jeden davon
}
left-fortnight = spätestens in 14 Tagen weg
left-quarter = spätestens in 3 Monaten
left-year = später
left-account = wenn Sie gehen

email-title = E-Mail-Adresse berichtigen
email-new = Neue E-Mail-Adresse
email-lead = Wir fragen noch einmal, womit Sie sich anmelden, denn wer die Adresse ändert, könnte das Konto übernehmen.
email-button = Berichtigen

erase-title = Mich löschen
erase-lead = Alles, was über Sie gespeichert ist, wird gelöscht, der Schlüssel zu allen Kopien wird vernichtet, und Ihre Geräte werden getrennt. Das lässt sich nicht rückgängig machen.
erase-export = Vielleicht möchten Sie vorher <a href="{ $at }/me/export" download>alles exportieren</a>. Danach bekommen Sie eine signierte Bescheinigung.
erase-button = Jetzt alles löschen
erase-keep = Alles behalten
erase-word = löschen
erase-type = Tippen Sie das Wort { $word } ein
erase-member-title = Mitglied löschen
erase-member-lead = Alles, was über das Mitglied <code class="key">{ $member }</code> gespeichert ist, wird gelöscht, der Schlüssel zu allen Kopien wird vernichtet, und seine Geräte werden getrennt. Das lässt sich nicht rückgängig machen.
erase-member-button = Mitglied löschen
erased-title = Sie sind gelöscht
erased-member-title = Das Mitglied ist gelöscht
erased-over = Gelöscht
erased-heading = Über Sie ist nichts mehr gespeichert
erased-lead = { $rows ->
    [one] { $rows } Zeile wurde gelöscht und der Schlüssel zu jeder Kopie vernichtet.
   *[other] { $rows } Zeilen wurden gelöscht und der Schlüssel zu jeder Kopie vernichtet.
}
erased-signed-out = Sie sind abgemeldet.
erased-certificate = Löschbescheinigung
erased-signature = Die letzte Zeile ist die Signatur dieses Servers über die Zeilen davor. Niemand hier behält eine Kopie dieser Bescheinigung.
erased-save = Bescheinigung speichern

export-heading = Was { $controller } über mich weiß
export-lead = Alles, was am { $when } unter der Datenschutzerklärung { $digest } gespeichert war. Fragen: { $contact }.
export-secret = gespeichert, wird niemandem gezeigt
export-source = Herkunft: { $source }. Bis: { $until }.
export-nothing = In dieser Tabelle ist nichts gespeichert.
export-files = about-me.json enthält dasselbe für Programme. policy.json und policy.kdl sind die Erklärung, unter der es gespeichert war.

home-paid-until = Läuft bis
home-erased-after = { $days ->
    [one] Einen Tag
   *[other] { $days } Tage
} danach wird das Konto von selbst gelöscht.
home-number = Sie sind mit einer Nummer beigetreten. Wer sie hat, gilt als Sie: Verwahren Sie sie wie ein Passwort.
programs-title = Ihre Programme
programs-lead = Jedes Zugriffstoken lässt ein Programm in seinem Rahmen für Sie handeln. Beenden Sie, was Sie nicht kennen.
programs-none = Kein Programm kann für Sie handeln.
programs-end = Beenden
programs-end-which = { $label } beenden
programs-end-title = { $label } beenden?
programs-end-lead = Das Programm, das dieses Token hat, wird von da an abgewiesen. Das lässt sich nicht rückgängig machen; ein neues Token können Sie jederzeit erzeugen.
programs-end-button = Beenden
programs-tokens = Vorhandene Tokens
programs-make = Ein Token erzeugen
programs-label = Für welches Programm
programs-label-hint = Wie Sie es nennen, höchstens { $limit } Zeichen.
programs-scopes = Was es darf
programs-scopes-hint = Erlauben Sie nur, was das Programm braucht. Ein Token kann sich nicht selbst erweitern.
programs-password-hint = Ein Token kann ohne diesen Browser für Sie handeln, deshalb fragen wir noch einmal.
programs-make-button = Token erzeugen
scope-account-read = Konto und Tokens sehen
scope-account-write = Konto ändern und Tokens beenden
scope-devices-read = Geräte sehen
scope-devices-write = Geräte hinzufügen, umbenennen und entfernen
scope-usage-read = Verbrauch sehen
scope-export = Alles herunterladen, was gespeichert ist
scope-erase = Das Konto löschen
scope-operator = Für den Betreiber handeln
token-title = Ihr neues Zugriffstoken
token-heading = { $label } darf für Sie handeln
token-lead = Geben Sie das dem Programm. Wer es hat, kann tun, was es darf: Verwahren Sie es wie ein Passwort.
token-may = Was es darf
token-until = Es endet von selbst: { $until }.
token-lost = Gespeichert ist nur ein Hash. Verloren? Beenden Sie es und erzeugen Sie ein neues.
token-done = Das Programm hat es

rename-title = { $label } umbenennen
rename-lead = Das Gerät bleibt verbunden. Der Name ist nur für Sie und wird verschlüsselt gespeichert.
rename-button = Umbenennen
remove-title = { $label } entfernen?
remove-lead = Das Gerät wird sofort getrennt, und seine Konfiguration gilt nicht mehr. Um es wieder zu verbinden, fügen Sie es neu hinzu.
remove-button = Entfernen
leave-as-it-is = So lassen

password-title = Passwort ändern
password-lead = Alle anderen Browser und alle Programme werden abgemeldet. Ihr Wiederherstellungscode bleibt, wie er ist.
password-now = Bisheriges Passwort
password-button = Ändern
password-changed-title = Ihr Passwort ist geändert
password-changed-over = Erledigt
password-changed-lead = Alle anderen Browser und alle Programme sind abgemeldet. Dieser Browser bleibt angemeldet.
password-changed-on = Weiter

renew-title = Neue Kontonummer ziehen
renew-lead = Für den Fall, dass jemand die alte gesehen hat. Sie gilt sofort nicht mehr, und alle anderen Browser und alle Programme werden abgemeldet. Die neue wird nur einmal gezeigt.
renew-now = Bisherige Kontonummer
renew-button = Neue Nummer ziehen
renew-leave = Diese Nummer behalten
renew-over = Neue Nummer gezogen
renew-old = Die alte Nummer gilt nicht mehr, und alle anderen Browser und alle Programme sind abgemeldet.
programs-how = <a href="{ $at }/api">Wie sich ein Programm anmeldet</a>
