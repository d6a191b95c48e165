# Was an einem Formular nicht stimmt, und was sonst schiefging: was geschah, warum, und was hilft.

refused-email = Das ist keine E-Mail-Adresse; eine solche hat einen Namen, ein @ und eine Domain.
refused-email-taken = Mit dieser E-Mail-Adresse ist schon jemand Mitglied; melden Sie sich an, oder benutzen Sie Ihren Wiederherstellungscode.
refused-password-short = Das Passwort ist zu kurz; nehmen Sie mindestens { $minimum } Zeichen, ein paar Wörter genügen.
refused-password-long = Das Passwort ist zu lang; nehmen Sie höchstens { $maximum } Zeichen.
refused-age-missing = Bitte sagen Sie, wie alt Sie sind; die Zahl wird mit der Grenze verglichen und nicht gespeichert.
refused-age = Ein Alter ist eine ganze Zahl von Jahren.
refused-young = Dieser Dienst ist für Menschen ab { $age } Jahren; nichts von Ihren Eingaben wurde gespeichert.
refused-agree = Ein Konto braucht Ihre Zustimmung zur Datenschutzerklärung, denn was sie sagt, tut das Programm.
refused-policy-changed = Die Datenschutzerklärung hat sich geändert, seit Sie diese Seite geöffnet haben; bitte lesen Sie sie und senden Sie das Formular noch einmal.
refused-set-up = Dieser Einrichtungslink ist falsch, verbraucht oder älter als eine Stunde; ein neuer erscheint, wenn candor neu startet.
refused-no-numbers = Ohne E-Mail-Adresse tritt hier niemand bei: Die Erklärung sieht keine Kontonummern vor.
refused-invitation-needed = Hier tritt man mit einer Einladung bei. Fragen Sie jemanden, der für den Betreiber arbeitet.
refused-invitation-wrong = Diese Einladung ist falsch, aufgebraucht oder abgelaufen. Bitten Sie um eine neue.
refused-busy = Gerade melden sich zu viele gleichzeitig an; versuchen Sie es in ein paar Sekunden noch einmal.
refused-sign-in = Die E-Mail-Adresse oder das Passwort stimmt nicht.
refused-reset = Die E-Mail-Adresse oder der Wiederherstellungscode stimmt nicht.
refused-own-password = Das ist nicht Ihr Passwort, es wurde also nichts getan.
refused-own-number = Das ist nicht Ihre Kontonummer, es wurde also nichts getan. Vergleichen Sie Ziffer für Ziffer.
refused-token-label = Der Name hat 1 bis { $limit } Zeichen; er sagt, für welches Programm das Token ist.
refused-replaced = Ihr Passwort oder Ihre Nummer wurde gerade ersetzt; melden Sie sich mit dem neuen an.
refused-no-scope = Ein Token, das nichts darf, nützt nichts; erlauben Sie wenigstens eines.
refused-too-many-tokens = Sie haben { $limit } Tokens, mehr ist nicht Platz; beenden Sie eines, das Sie nicht brauchen.
refused-word = Tippen Sie das Wort { $word } ein, um fortzufahren; es wurde nichts gelöscht.
refused-label = Ein Gerätename hat 1 bis { $limit } Zeichen; nehmen Sie einen, an dem Sie das Gerät erkennen.
refused-key = Ein WireGuard-Schlüssel hat 44 Zeichen in Base64 und endet mit =.
refused-key-taken = Dieser öffentliche Schlüssel gehört schon zu einem Gerät; erzeugen Sie für jedes Gerät ein neues Schlüsselpaar.
refused-key-empty = Dieser öffentliche Schlüssel ist leer; erzeugen Sie zuerst ein Schlüsselpaar.
refused-too-many = { $limit ->
    [one] Ihr Tarif erlaubt { $limit } Gerät; entfernen Sie es zuerst.
   *[other] Ihr Tarif erlaubt { $limit } Geräte; entfernen Sie zuerst eines.
}
refused-vpn-off = Das VPN läuft gerade nicht, ein Gerät könnte sich also mit nichts verbinden; versuchen Sie es später noch einmal.

failure-not-found = Hier ist nichts
failure-not-found-why = Die Adresse ist falsch, oder diese Seite ist nicht für das Konto gedacht, mit dem Sie angemeldet sind.
failure-not-found-do = Prüfen Sie die Adresse, oder gehen Sie zur Startseite.
failure-set-up = Dieser Einrichtungslink gilt nicht
failure-set-up-why = Ein Link gilt ein einziges Mal und eine Stunde lang, und nur solange der Server keinen Betreiber hat.
failure-set-up-do = Wenn Sie diesen Server betreiben, starten Sie candor neu: Es zeigt einen neuen Link. Ist er schon eingerichtet, melden Sie sich an.
failure-sign-in = Sie sind nicht angemeldet
failure-sign-in-why = Diese Seite gehört zu einem Konto. Eine Anmeldung endet mit dem Browser, nach 14 Tagen oder wenn das Passwort sich ändert.
failure-sign-in-do = Melden Sie sich an, und öffnen Sie die Seite dann noch einmal.
failure-cross-site = Das kam nicht von dieser Website
failure-cross-site-why = Eine andere Website hat in Ihrem Namen ein Formular geschickt; es wurde abgelehnt, und nichts wurde geändert. Falls Sie es selbst waren, ist Ihr Browser zu alt, um zu sagen, woher ein Formular kommt.
failure-cross-site-do = Öffnen Sie die Seite hier, und senden Sie das Formular noch einmal.
failure-not-a-form = Das war nicht zu lesen
failure-not-a-form-why = Die Anfrage war kein Formular dieser Website.
failure-not-a-form-do = Öffnen Sie die Seite noch einmal, und senden Sie ihr Formular.
failure-too-large = Das ist zu groß
failure-too-large-why = Ein Formular dieser Website hat nie mehr als { $limit } Kilobyte, deshalb wurde der Rest nicht gelesen.
failure-too-large-do = Senden Sie weniger Text.
failure-too-often = Zu viele Versuche
failure-too-often-why = Aus Ihrem Netz kamen in kurzer Zeit viele Versuche; das hindert andere daran, Passwörter zu erraten. Gezählt wird nur im Arbeitsspeicher, und die Zahl wird vergessen.
failure-too-often-do = Warten Sie eine Minute, und versuchen Sie es noch einmal.
failure-wrong-method = Das geht hier nicht
failure-wrong-method-why = Diese Adresse beantwortet eine andere Art von Anfrage, zum Beispiel wenn ein Formular als Seite geöffnet wurde.
failure-wrong-method-do = Gehen Sie zurück, und benutzen Sie das Formular.
failure-too-long = Das hat zu lange gedauert
failure-too-long-why = Der Server wurde in { $seconds } Sekunden nicht fertig; vielleicht ist er ausgelastet.
failure-too-long-do = Versuchen Sie es noch einmal. Was Sie gesendet haben, ist vielleicht schon geschehen: Sehen Sie nach, bevor Sie es zweimal senden.
failure-store = Das Programm konnte das nicht abschließen
failure-store-do = Versuchen Sie es noch einmal. Geschieht es wieder, nennen Sie dem Betreiber den Code { $code }; er sagt nichts über Sie und steht im Protokoll des Betreibers.
failure-ourselves = Das Programm ist gescheitert
failure-ourselves-why = Es geriet in einen Zustand, an den niemand gedacht hatte. Über Sie wurde nichts aufgeschrieben.
failure-ourselves-do = Versuchen Sie es noch einmal. Geschieht es wieder, sagen Sie dem Betreiber, welche Seite es war.

store-not-declared = Was gespeichert werden sollte, kennt die Datenschutzerklärung nicht.
store-refused = Die Datenbank hat eine Zeile abgelehnt: Die Datenschutzerklärung kennt ihr Feld nicht, oder die Person wurde inzwischen gelöscht.
store-taken = Das ist schon vergeben.
store-gone = Was geändert werden sollte, ist nicht mehr da.
store-no-subject = Diese Person gibt es hier nicht (mehr).
store-unsealable = Ein versiegelter Wert lässt sich nicht öffnen: Die Datenbank wurde von außen geändert, oder der Hauptschlüssel ist ein anderer.
store-malformed = Eine Zeile hat nicht die Form, die ihre Tabelle vorgibt.
store-arguments = Eine Abfrage bekam die falsche Zahl von Werten.
store-damaged = Eine Datenbankdatei ist beschädigt.
store-full = Die Festplatte ist voll. Nichts, was bestätigt wurde, ist verloren.
store-database = Die Datenbank meldete den Fehler { $code }.
store-closing = Das Programm wird gerade beendet.
store-conflict = Die Datenbank konnte das neben einer anderen Änderung nicht tun.
store-disconnected = Der Datenbankserver antwortet nicht. Es wurde nichts geändert.
store-uncertain = Die Verbindung zum Datenbankserver brach im letzten Augenblick ab. Sehen Sie nach, ob es getan ist, bevor Sie es wiederholen.

refused-number = Diese Kontonummer gehört niemandem. Vergleichen Sie sie Ziffer für Ziffer mit Ihrer Notiz.
