# What a member may open.

home-title = Home
home-days-left = { $month }, { $days ->
    [0] today is the last day
    [one] { $days } day left
   *[other] { $days } days left
}
home-quota = Quota
home-quota-caption = This month’s quota
home-used = Used
home-limit = Limit
home-no-limit = none
home-left = Left
home-day-by-day = Day by day
home-vpn = VPN
home-running = Running
home-not-running = Not running
home-see-network = The operator’s network page says what is missing.
home-places = { $taken } of { $limit ->
    [one] { $limit } place for a device is taken.
   *[other] { $limit } places for devices are taken.
}
home-account = Account
home-unverified = unverified
home-tariff = Tariff
home-no-mail = This version sends no mail, so nobody has checked that the address is yours.
home-held = Held about you
home-kept = <strong>{ $kept }</strong> { $kept ->
    [one] kind of data at most;
   *[other] kinds of data at most;
} <strong>{ $never }</strong> { $never ->
    [one] kind never.
   *[other] kinds never.
}
home-me = What you know about me
ring-used = { $percent } percent of this month’s quota is used
ring-percent = { $percent }%
ring-open = There is no limit

devices-title = Devices
devices-places = { $taken } of { $limit ->
    [one] { $limit } place is taken
   *[other] { $limit } places are taken
}
devices-off-label = The VPN does not run
devices-off = <strong>The VPN does not run at this moment.</strong> Devices cannot connect, and none can be added. Your operator’s network page says what is missing.
devices-yours = Yours
devices-none = None yet.
devices-find = Find a device by its name
devices-find-button = Find
devices-found-none = None of your devices has this in its name.
devices-found = { $count ->
    [one] { $count } device has “{ $typed }” in its name.
   *[other] { $count } devices have “{ $typed }” in their names.
}
devices-range = { $from } to { $to } of { $all }, by name
devices-all = All devices
devices-remove = Remove
devices-remove-which = Remove { $label }
devices-rename = Rename
devices-rename-which = Rename { $label }
devices-add = Add a device
devices-full = Your tariff has no free place. Remove a device first.
devices-in-browser = The key pair is made in this browser. The private key never leaves it.
devices-own-key = With a key pair of your own
devices-add-button = Add the device
devices-label = Name of the device
devices-label-hint = What you call it, at most { $limit } characters. It is stored sealed.
devices-key = Public key
devices-key-hint = 44 characters that end with =. Make a key pair on the device: wg genkey | tee private.key | wg pubkey

added-title = Your new device
added-over = Shown this once
added-heading = { $label } may connect
added-how = Bring this to the device
added-scan = Scan the code with a WireGuard app, or save the file and open it there. Whoever has it can connect as you.
added-by-hand = Put your private key into the first part, save the text as <code>{ $file }</code>, and open it with a WireGuard app.
added-configuration = Configuration
added-save = Save { $file }
added-psk = The preshared key in it is not shown again. Lost it? Remove the device and add it anew.
added-code = The same as a code
added-code-label = QR code of the configuration

usage-title = Usage
usage-heading = { $down } down, { $up } up
usage-lead = In the last { $days } days. One number for each day and direction is all that is kept, { $keep }.
usage-down = down
usage-up = up
usage-none = No traffic in these { $days } days.
usage-caption = Day by day, in UTC; days without traffic are not stored
usage-day = Day
usage-down-head = Down
usage-up-head = Up
usage-share = Share of the busiest day
usage-picture = Bytes for each day; the table below has the same numbers

me-title = About me
me-heading = What we know about you
me-lead = { $values ->
    [one] { $values } value, and nothing else.
   *[other] { $values } values, and nothing else.
}
me-next = The next one ends by itself on { $when }.
me-next-soon = The next one ends by itself { $when }.
me-export = Export all of it
me-correct = Correct the e-mail address
me-erase = Erase me
me-rows = { $rows ->
    [one] { $rows } row
   *[other] { $rows } rows
}
me-until-head = until
me-until = until { $until }
me-secret = held, never shown
me-facts = About these values
me-from = From
me-for = For
me-until-row = Until
me-own-times = each row its own time
me-visits = Visits from the address that you use now
me-visits-lead = The access log is linked to no account, so it can be shown by address alone. Lines are kept { $keep }.
me-no-visits = No line.
me-visits-newest = These are the newest { $lines }. A program whose token may read the account gets all of them.
me-lines = { $lines ->
    [one] { $lines } line
   *[other] { $lines } lines
}
me-forget-visits = Delete these lines
treemap-label = { $values ->
    [one] { $values } value is held about you; the lists below have it
   *[other] { $values } values are held about you; the lists below have each of them
}
left-fortnight = gone within 14 days
left-quarter = within 3 months
left-year = later
left-account = when you leave

email-title = Correct your e-mail address
email-new = New e-mail address
email-lead = What you sign in with is asked for again, because whoever changes the address could take the account.
email-button = Correct it

erase-title = Erase me
erase-lead = Everything that is held about you is deleted, the key that opens copies of it is destroyed, and your devices are disconnected. It cannot be undone.
erase-export = You may want to <a href="{ $at }/me/export" download>export it</a> first. Afterwards you get a signed certificate.
erase-button = Erase me now
erase-keep = Keep everything
erase-word = erase
erase-type = Type the word { $word }
erase-member-title = Erase a member
erase-member-lead = Everything that is held about the member <code class="key">{ $member }</code> is deleted, the key that opens copies of it is destroyed, and their devices are disconnected. It cannot be undone.
erase-member-button = Erase the member
erased-title = You are erased
erased-member-title = The member is erased
erased-over = Erased
erased-heading = Nothing is held about you any more
erased-lead = { $rows ->
    [one] { $rows } row was deleted and the key to every copy was destroyed.
   *[other] { $rows } rows were deleted and the key to every copy was destroyed.
}
erased-signed-out = You are signed out.
erased-certificate = Certificate of erasure
erased-signature = The last line is this machine’s signature over the lines before it. Nobody here keeps a copy of this certificate.
erased-save = Save the certificate

export-heading = What { $controller } knows about me
export-lead = Everything that was held on { $when } under the policy { $digest }. Questions: { $contact }.
export-secret = held, never shown to anybody
export-source = Source: { $source }. Until { $until }.
export-nothing = Nothing is held in this table.
export-files = about-me.json has the same for programs. policy.json and policy.kdl are the policy that it was held under.

home-paid-until = Lasts until
home-erased-after = { $days ->
    [one] A day
   *[other] { $days } days
} after that day the account is erased by itself.
home-number = You joined by a number. Whoever has it is you: keep it like a password.
programs-title = Programs of yours
programs-lead = Each access token lets a program act for you, within its scopes. End what you do not know.
programs-none = No program can act for you.
programs-end = End
programs-end-which = End { $label }
programs-end-title = End { $label }?
programs-end-lead = The program that has this token is refused from that moment on. It cannot be undone; a new token can be made.
programs-end-button = End it
programs-tokens = Tokens
programs-make = Make a token
programs-label = For which program
programs-label-hint = What you call it, at most { $limit } characters.
programs-scopes = What it may do
programs-scopes-hint = Tick as little as the program needs. A token cannot widen itself.
programs-password-hint = A token can act for you without this browser, so this is asked again.
programs-make-button = Make the token
scope-account-read = See the account and its tokens
scope-account-write = Change the account and end tokens
scope-devices-read = See devices
scope-devices-write = Add, rename and remove devices
scope-usage-read = See what was used
scope-export = Take everything that is held
scope-erase = Erase the account
scope-operator = Act for the operator
token-title = Your new access token
token-heading = { $label } may act for you
token-lead = Give this to the program. Whoever has it can do what it may: keep it like a password.
token-may = What it may do
token-until = It ends by itself: { $until }.
token-lost = Only a hash of it is stored. Lost it? End it and make another.
token-done = I have given it to the program

rename-title = Rename { $label }
rename-lead = The device stays connected. The name is for you alone and is stored sealed.
rename-button = Rename it
remove-title = Remove { $label }?
remove-lead = The device is disconnected at once, and its configuration does not work any more. To connect it again, add it anew.
remove-button = Remove it
leave-as-it-is = Leave it as it is

password-title = Change the password
password-lead = Every other browser and every program is signed out. Your recovery code stays as it is.
password-now = Present password
password-button = Change it
password-changed-title = Your password is changed
password-changed-over = Done
password-changed-lead = Every other browser and every program is signed out. This browser stays signed in.
password-changed-on = Go on

renew-title = Draw a new account number
renew-lead = For when somebody saw the old one. It ends at once, and every other browser and every program is signed out. The new one is shown once.
renew-now = Present account number
renew-button = Draw a new number
renew-leave = Keep this number
renew-over = New number drawn
renew-old = The old number is void, and every other browser and every program is signed out.
programs-how = <a href="{ $at }/api">How a program signs in</a>
