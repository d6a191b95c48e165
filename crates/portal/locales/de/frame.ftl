# Was jede Seite umgibt.

skip = Zum Inhalt springen
nav-label = Seiten
nav-policy = Datenschutz
nav-join = Mitglied werden
nav-sign-in = Anmelden
nav-sign-out = Abmelden
nav-home = Übersicht
nav-devices = Geräte
nav-usage = Verbrauch
nav-me = Über mich
nav-operator = Betreiber
nav-promises = Zusagen
nav-members = Mitglieder
nav-network = Netz
nav-status = Status
nav-server = Dieser Server
nav-account = Mein Konto

must-accept-label = Die Datenschutzerklärung hat sich geändert
must-accept = <strong>Die Datenschutzerklärung hat sich geändert</strong>, seit Sie ihr zugestimmt haben. <a href="{ $at }/policy">Lesen Sie sie</a>; vorher können Sie alles exportieren und löschen.
must-accept-button = Ich stimme der Erklärung zu
over-quota-label = Ihr Kontingent ist aufgebraucht
over-quota = <strong>Das Kontingent dieses Monats ist aufgebraucht.</strong> Ihre Geräte sind getrennt, bis der Monat endet oder Ihr Tarif größer wird.

foot-run-by = Betrieben von: { $controller }. Fragen zum Datenschutz: { $contact }.
foot-version = Candor { $version } · <a href="{ $at }/policy">Datenschutzerklärung</a> <code title="Prüfsumme der geltenden Erklärung">{ $digest }</code> · ein Cookie, nur solange Sie angemeldet sind · nichts von Dritten
alert-heading = Das stimmt noch nicht ganz
page-before = Vorige Seite
start-page = Zur Startseite

nav-invitations = Einladungen
suspended-label = Sie sind gesperrt
suspended = <strong>Der Betreiber hat Ihr Konto gesperrt.</strong> Ihre Geräte sind getrennt. Exportieren und löschen können Sie weiterhin alles; fragen Sie den Betreiber nach dem Grund.
ended-label = Ihre Mitgliedschaft ist abgelaufen
ended = <strong>Ihre Mitgliedschaft ist abgelaufen.</strong> Ihre Geräte sind getrennt, bis der Betreiber sie verlängert. Exportieren und löschen können Sie weiterhin alles.
foot-api = Für Programme: <a href="{ $at }/api">die Schnittstelle</a>
nav-doctor = Prüfung
