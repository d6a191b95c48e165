# Zahlen, Zeiten und die anderen kleinen Wörter.

bytes = { $count ->
    [one] { $count } Byte
   *[other] { $count } Bytes
}
month = { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
}
month-short = { $month ->
    [1] Jan.
    [2] Feb.
    [3] März
    [4] Apr.
    [5] Mai
    [6] Juni
    [7] Juli
    [8] Aug.
    [9] Sep.
    [10] Okt.
    [11] Nov.
   *[12] Dez.
}
date = { $day }. { $month } { $year }
date-short = { $day }. { $month }
date-with-year = { $day }. { $month } { $year }
list-last = { $first } und { $last }

seconds = { $count ->
    [one] { $count } Sekunde
   *[other] { $count } Sekunden
}
minutes = { $count ->
    [one] { $count } Minute
   *[other] { $count } Minuten
}
hours = { $count ->
    [one] { $count } Stunde
   *[other] { $count } Stunden
}
days = { $count ->
    [one] { $count } Tag
   *[other] { $count } Tage
}
# Nach „nach“, „in“, „innerhalb von“: Dativ.
days-within = { $count ->
    [one] { $count } Tag
   *[other] { $count } Tagen
}

# Wann etwas von selbst endet, nach „bis“.
until-account-closed = Sie Ihr Konto schließen
until-today = heute
until-tomorrow = morgen
until-date = { $date }, in { $days ->
    [one] { $days } Tag
   *[other] { $days } Tagen
}

# Woher eine Angabe stammt.
origin-person = von Ihnen angegeben
origin-operator = vom Betreiber eingetragen
origin-program = bei der Nutzung entstanden

# Was in jeder Tabelle steht.
table-held = Was Sie uns gesagt haben
table-member = Ihre Mitglied­schaft
table-member_tariff = Welchen Tarif Sie haben
table-staff = Dass Sie für den Betreiber arbeiten
table-credential = Ihre Zugangs­daten: Hashes, die sich nicht zurückrechnen lassen
table-session = Ein Browser, in dem Sie angemeldet sind
table-acceptance = Die Fassung der Erklärung, der Sie zugestimmt haben
table-device = Ein Gerät, das sich mit dem VPN verbindet
table-usage = Wie viele Bytes Ihr Konto an einem Tag übertragen hat
table-access_line = Besuche der Website, unter dem Schlüssel ihres Tages und mit keinem Konto verknüpft
table-access_program = Der Browser oder die App eines Besuchs

minutes-short = { $count } min
table-membership = Bis wann Ihre Mitgliedschaft läuft
table-suspension = Dass der Betreiber Sie gesperrt hat
table-invitation = Eine Einladung, die Sie für andere erstellt haben
table-invitation_use = Die Einladung, mit der Sie beigetreten sind
table-api_token = Ein Programm von Ihnen, das für Sie handeln darf
table-account_number = Die Nummer, die Sie einlässt: ein Hash, der sich nicht zurückrechnen lässt
