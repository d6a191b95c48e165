# Was alle öffnen dürfen.

start-title = Was über Sie gespeichert wird
start-heading = Das ist alles, was { $controller } über Sie speichert.
start-lead = Das Programm hinter dieser Website wurde mit einer Datenschutzerklärung gestartet. { $kept ->
    [one] { $kept } Art von Daten hat darin einen Platz;
   *[other] { $kept } Arten von Daten haben darin einen Platz;
} { $never ->
    [one] { $never } hat keinen, weil die Erklärung es so sagt.
   *[other] { $never } haben keinen, weil die Erklärung es so sagt.
}
start-vpn = Es betreibt ein VPN, das mit jeder WireGuard-App funktioniert.
start-age = Für Menschen ab { $age } Jahren.
start-kept = Was bleibt, und wie lange
start-after = <a href="{ $at }/policy">Die ganze Erklärung</a>, vom Programm aus denselben Angaben geschrieben · <a href="/policy.json">für Programme</a>

lifetimes-caption = Jede Art von Daten und wie lange sie bleibt. Die Skala reicht von einer Minute bis zu Jahren.
lifetimes-what = Was
lifetimes-picture = Bild
lifetimes-how-long = Wie lange
axis-never = nie
axis-minute = Minute
axis-hour = Stunde
axis-day = Tag
axis-month = Monat
axis-year = Jahr
life-in-memory = Nur im Arbeitsspeicher: { $surface }
life-forgotten = spätestens nach { $length } vergessen
life-never-kept = nie gespeichert
life-exceptions = nicht gespeichert; die Erklärung nennt Ausnahmen: { $exceptions }
life-not-asked = Nicht gefragt
life-not-accepted = nicht angenommen
life-not-done = Nicht getan
life-never = nie
life-sell = Verkauf Ihrer Daten
life-profile = Werbeprofil über Sie

policy-title = Datenschutzerklärung
policy-gpc-label = Global Privacy Control
policy-gpc = Ihr Browser sendet Global Privacy Control. Das wird beachtet: Diese Version des Programms verkauft nichts, gibt nichts an Außenstehende und erstellt von niemandem ein Profil, mit dem Signal und ohne es.
policy-picture = In einem Bild
policy-after = Dieselbe Erklärung <a href="/policy.json">als JSON</a>, mit jedem Eintrag, aus dem die Prüfsumme entsteht.

join-title = Mitglied werden
join-lead = Eine E-Mail-Adresse und ein Passwort. Kein Name, keine Zahlung, keine Telefonnummer.
join-button = Mitglied werden
join-already = Sie sind schon Mitglied? <a href="{ $at }/sign-in">Melden Sie sich an</a>.
set-up-title = Diesen Server einrichten
set-up-over = Einmalige Einrichtung
set-up-lead = Sie werden sein Betreiber. Dieser Link gilt ein einziges Mal; ein voreingestelltes Passwort gibt es nicht.
set-up-button = Einrichten
join-age = Wie alt sind Sie?
join-age-hint = In Jahren. Die Zahl wird mit einer Grenze verglichen und vergessen; gespeichert wird sie nicht.
join-email-hint = Damit melden Sie sich an. Diese Version verschickt keine E-Mails.
join-password-hint = Mindestens { $minimum } Zeichen; ein paar Wörter genügen. Gespeichert wird nur ein Hash.
join-agree = Ich stimme der <a href="{ $at }/policy">Datenschutzerklärung</a> zu
join-agree-hint = Fassung <code>{ $digest }</code>. Ändert sie sich, werden Sie erneut gefragt.
join-held = Was gespeichert wird
join-held-caption = Was gespeichert wird, und wie lange
join-not-held = Was nicht
label-email = E-Mail-Adresse
label-password = Passwort
label-own-password = Ihr Passwort
label-own-number = Ihre Kontonummer

young-title = Noch nicht
young-lead = Dieser Dienst ist für Menschen ab { $age } Jahren.
young-kept = Nichts von Ihren Eingaben wurde gespeichert: nicht die Zahl, nicht die E-Mail-Adresse, nicht, dass Sie es versucht haben.

recovery-title = Ihr Wiederherstellungscode
recovery-over-welcome = Willkommen
recovery-over-reset = Neues Passwort gesetzt
recovery-heading = Schreiben Sie das auf
recovery-lead = Mit dem Wiederherstellungscode kommen Sie wieder herein, wenn Sie das Passwort vergessen. Er wird nur dieses eine Mal gezeigt; gespeichert ist nur sein Hash.
recovery-reset = Der alte Code gilt nicht mehr, und alle anderen Browser sind abgemeldet.
recovery-nobody = Niemand kann Ihnen einen neuen schicken: Dieser Server verschickt keine E-Mails.
recovery-done = Ich habe ihn aufgeschrieben

sign-in-title = Anmelden
sign-in-button = Anmelden
sign-in-after = Die Anmeldung setzt ein Cookie, das mit Ihrem Browser endet. <a href="{ $at }/reset">Passwort vergessen?</a> · <a href="{ $at }/join">Mitglied werden</a>

reset-title = Neues Passwort setzen
reset-lead = Mit dem Wiederherstellungscode, den Sie beim Beitritt gesehen haben. Sie bekommen einen neuen, und alle Browser werden abgemeldet.
reset-button = Passwort setzen
reset-code = Wiederherstellungscode
reset-code-hint = 20 Buchstaben und Ziffern, die Sie sich beim Beitritt aufgeschrieben haben; Bindestriche und Großschreibung spielen keine Rolle.
reset-password = Neues Passwort
reset-password-hint = Mindestens { $minimum } Zeichen.

status-title = Status
status-heading-well = Alles funktioniert
status-heading-bad = Etwas funktioniert nicht
status-now = Die Teile in diesem Augenblick
status-bad-hint = Mehr steht im Protokoll des Betreibers. Was eine Seite Ihnen bestätigt hat, ist sicher.
part-tunnel = VPN
part-worker = Abgeschlossener Prozess des VPN
part-store = Datenbank
part-site = Diese Website
part-runs = läuft
part-runs-not = läuft nicht
part-locked = läuft, abgeschlossen
part-starting = startet gerade neu
part-none = gibt es nicht
part-answers = antwortet
part-answers-not = antwortet nicht
status-days = Die letzten 90 Tage
status-summary = In { $share } % der beobachteten Zeit funktionierte alles, an { $days ->
    [one] { $days } Tag.
   *[other] { $days } Tagen.
}
status-nothing-known = Noch ist nichts bekannt: Dieser Server hat eben erst begonnen, sich zu beobachten.
strip-label = { $days ->
    [one] { $days } Tag:
   *[other] { $days } Tage:
} { $well ->
    [one] { $well } Tag ohne Ausfälle,
   *[other] { $well } Tage ohne Ausfälle,
} { $briefly } mit kurzen, { $badly } mit längeren, { $unknown } ohne Daten
day-well = höchstens eine Minute Ausfall
day-briefly = bis zu 15 Minuten
day-badly = mehr als 15 Minuten
day-unknown = keine Daten
status-table = Dasselbe in Zahlen
status-caption = Tag für Tag, in UTC; Tage ohne Daten fehlen
status-known = Beobachtet
status-stopped = Angehalten
status-tunnel-down = Kein VPN
status-store-down = Keine Datenbank
status-about = Jede Minute sieht das Programm nach seinen Teilen und zählt Sekunden zum Tag. Mehr nicht: Kein Besuch, kein Gerät und kein Mensch steckt in diesen Zahlen. Während das Programm angehalten war, lief nichts; wo seine Uhr falsch ging, gibt es keine Daten.

server-title = Dieser Server
server-lead = Was ein Gerät wissen muss, und was diese Maschine mit Paketen macht.
server-features = Er spricht
server-features-list = WireGuard über UDP; IPv4 und IPv6 im Tunnel; ein gemeinsamer Schlüssel je Gerät; eine innere Adresse für alle
load-title = Wie ausgelastet er ist
load-not-released = Die Datenschutzerklärung gibt keine Zahlen über den Datenverkehr frei, deshalb stehen hier keine.
load-not-measured = Die erste Zahl erscheint, wenn einige Minuten gezählt wurde.
load-too-few = Weniger als { $people } Menschen sind verbunden. So wenige werden nicht als Zahl gezeigt.
load-window = In den letzten { $length }, so gerundet, dass niemand hervorsticht. Die Zahlen stehen nur im Arbeitsspeicher.
load-traffic = Datenverkehr
load-people = Verbundene Menschen
load-at-least = mindestens { $people }
load-quiet = ruhig (weniger als 10 Mbit/s)
load-moderate = mäßig (10 bis 100 Mbit/s)
load-busy = rege (100 bis 500 Mbit/s)
load-very-busy = sehr rege (mehr als 500 Mbit/s)

join-lead-number = Keine E-Mail-Adresse, kein Passwort: Sie bekommen eine Nummer, die Sie allein schon einlässt.
join-by-number = <a href="{ $at }/join?by=number">Ohne E-Mail-Adresse beitreten</a>
join-by-email = <a href="{ $at }/join">Doch mit E-Mail-Adresse beitreten</a>
join-invitation = Einladung
join-invitation-hint = 20 Buchstaben und Ziffern; Bindestriche und Großschreibung spielen keine Rolle.
number-title = Ihre Kontonummer
number-lead = Diese Nummer allein lässt Sie ein, sie ist also zugleich Ihr Passwort. Sie wird nur dieses eine Mal gezeigt; gespeichert wird nur ein langsamer Hash.
number-nobody = Niemand kann Ihnen die Nummer noch einmal sagen: Ohne sie ist das Konto verloren.
sign-in-number = Mit einer Kontonummer
sign-in-number-button = Mit der Nummer anmelden
label-number = Kontonummer
label-number-hint = 16 Ziffern, die Sie beim Beitritt notiert haben; Leerzeichen spielen keine Rolle.
api-title = Für Programme
api-lead = Alles, was ein Mitglied auf diesen Seiten tun kann, als HTTP und JSON unter <code>/api/v1</code>. Die Beschreibung für Programme: <a href="/api/v1/openapi.json">OpenAPI 3.1</a>.
api-sign-in = Ein Programm meldet sich mit einem eigenen Zugriffstoken an, nie mit einem Cookie. Es entsteht aus dem Passwort oder der Kontonummer, darf nur, was seine Befugnisse sagen, und endet von selbst.
api-no-tokens = Die Erklärung dieser Instanz sieht keine Zugriffstoken vor; Programme können sich also nicht anmelden.
api-example = Ein Beispiel
api-operations = Operationen
api-method = Methode
api-path = Pfad
api-scope = Befugnis
api-problems = Was schiefgehen kann
api-problems-lead = Jede Ablehnung ist ein „problem“ (RFC 9457). Ihr Typ führt hierher; ihr Detail sagt, was zu tun ist.
api-kind = Typ
api-status = Statuscode
part-forwards = Verkehr der Mitglieder leitet weiter
forwards-kernel = der Kernel
forwards-user-space = ein abgeschlossener Prozess, im User-Space
