# Numbers, times and the other small words.

bytes = { $count ->
    [one] { $count } byte
   *[other] { $count } bytes
}
month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
month-short = { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
}
date = { $day } { $month } { $year }
date-short = { $day } { $month }
date-with-year = { $day } { $month } { $year }
list-last = { $first } and { $last }

seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
# After “within”, “in” and the like.
days-within = { $count ->
    [one] { $count } day
   *[other] { $count } days
}

# When something ends by itself, after “until”.
until-account-closed = you close your account
until-today = today
until-tomorrow = tomorrow
until-date = { $date }, in { $days ->
    [one] { $days } day
   *[other] { $days } days
}

# Where a datum came from.
origin-person = you gave it
origin-operator = the operator entered it
origin-program = made by using the service

# What each table holds.
table-held = What you told us
table-member = Your membership
table-member_tariff = Which tariff you have
table-staff = That you work for the operator
table-credential = What lets you in: hashes that cannot be turned back
table-session = A browser that is signed in
table-acceptance = The policy version that you accepted
table-device = A device that connects to the VPN
table-usage = How many bytes your account moved on one day
table-access_line = Visits to the site, under a key of their day and linked to no account
table-access_program = The browser or app of a visit

minutes-short = { $count } min
table-membership = Until when your membership lasts
table-suspension = That the operator has suspended you
table-invitation = An invitation that you made for others
table-invitation_use = The invitation that you joined by
table-api_token = A program of yours that may act for you
table-account_number = The number that lets you in: a hash that cannot be turned back
