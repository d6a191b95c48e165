# What surrounds every page.

skip = Skip to the content
nav-label = Pages
nav-policy = Policy
nav-join = Join
nav-sign-in = Sign in
nav-sign-out = Sign out
nav-home = Home
nav-devices = Devices
nav-usage = Usage
nav-me = About me
nav-operator = Operator
nav-promises = Promises
nav-members = Members
nav-network = Network
nav-status = Status
nav-server = This server
nav-account = My account

must-accept-label = The policy has changed
must-accept = <strong>The policy has changed</strong> since you accepted it. <a href="{ $at }/policy">Read it</a>; you can export and erase everything first.
must-accept-button = I accept the policy
over-quota-label = Your quota is used up
over-quota = <strong>This month’s quota is used up.</strong> Your devices are disconnected until the month ends or your tariff grows.

foot-run-by = Run by { $controller }. Questions about privacy: { $contact }.
foot-version = Candor { $version } · <a href="{ $at }/policy">policy</a> <code title="digest of the policy that runs">{ $digest }</code> · one cookie, only while you are signed in · nothing from third parties
alert-heading = This needs another look
page-before = Page before
start-page = Start page

nav-invitations = Invitations
suspended-label = You are suspended
suspended = <strong>The operator has suspended your account.</strong> Your devices are disconnected. You can still export and erase everything; ask the operator why.
ended-label = Your membership is over
ended = <strong>Your membership is over.</strong> Your devices are disconnected until the operator extends it. You can still export and erase everything.
foot-api = For programs: <a href="{ $at }/api">the interface</a>
nav-doctor = Check-up
