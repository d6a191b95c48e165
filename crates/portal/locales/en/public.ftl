# What anybody may open.

start-title = What is kept about you
start-heading = This is everything that { $controller } keeps about you.
start-lead = The program behind this site was started from a privacy policy. { $kept ->
    [one] { $kept } kind of data has a place in it;
   *[other] { $kept } kinds of data have a place in it;
} { $never ->
    [one] { $never } has none, because the policy says so.
   *[other] { $never } have none, because the policy says so.
}
start-vpn = It runs a VPN that any WireGuard app can use.
start-age = For people from { $age } years.
start-kept = What stays, and for how long
start-after = <a href="{ $at }/policy">The whole policy</a>, written by the program from the same statements · <a href="/policy.json">for programs</a>

lifetimes-caption = Each kind of datum and how long it stays. The scale grows from a minute to years.
lifetimes-what = What
lifetimes-picture = Picture
lifetimes-how-long = How long
axis-never = never
axis-minute = minute
axis-hour = hour
axis-day = day
axis-month = month
axis-year = year
life-in-memory = Looked at in memory on { $surface }
life-forgotten = forgotten within { $length }
life-never-kept = never kept
life-exceptions = not kept; the policy names exceptions: { $exceptions }
life-not-asked = Not asked for
life-not-accepted = not accepted
life-not-done = Not done
life-never = never
life-sell = selling your data
life-profile = a profile of you for advertising

policy-title = Privacy policy
policy-gpc-label = Global Privacy Control
policy-gpc = Your browser sends Global Privacy Control. It is honoured: this version of the program sells nothing, hands nothing to outsiders and profiles nobody, with the signal or without it.
policy-picture = In one picture
policy-after = The same policy <a href="/policy.json">as JSON</a>, with every tuple that the digest is made of.

join-title = Join
join-lead = An e-mail address and a password. No name, no payment, no telephone number.
join-button = Join
join-already = Already a member? <a href="{ $at }/sign-in">Sign in</a>.
set-up-title = Set up this machine
set-up-over = One-time set-up
set-up-lead = You become its operator. This link works once; there is no default password.
set-up-button = Set up
join-age = How old are you?
join-age-hint = In years. The number is compared with a limit and forgotten; it is not stored.
join-email-hint = You sign in with it. Nothing is sent to it in this version.
join-password-hint = At least { $minimum } characters; a few words will do. Only a hash is stored.
join-agree = I accept the <a href="{ $at }/policy">privacy policy</a>
join-agree-hint = Version <code>{ $digest }</code>. If it ever changes, you are asked again.
join-held = What will be held
join-held-caption = What will be held, and how long
join-not-held = What will not
label-email = E-mail address
label-password = Password
label-own-password = Your password
label-own-number = Your account number

young-title = Not yet
young-lead = This service is for people from { $age } years.
young-kept = Nothing that you entered was kept: not the number, not the e-mail address, not that you tried.

recovery-title = Your recovery code
recovery-over-welcome = Welcome
recovery-over-reset = New password set
recovery-heading = Write this down
recovery-lead = Your recovery code lets you in if you forget the password. It is shown this once; only a hash of it is stored.
recovery-reset = The old code is void, and every other browser is signed out.
recovery-nobody = Nobody can send you a new one: no mail leaves this machine.
recovery-done = I have written it down

sign-in-title = Sign in
sign-in-button = Sign in
sign-in-after = Signing in sets one cookie, which ends with your browser. <a href="{ $at }/reset">Password forgotten?</a> · <a href="{ $at }/join">Join</a>

reset-title = Set a new password
reset-lead = With the recovery code that you were shown when you joined. You get a new one, and every browser is signed out.
reset-button = Set the password
reset-code = Recovery code
reset-code-hint = 20 letters and digits that you wrote down when you joined; hyphens and case do not matter.
reset-password = New password
reset-password-hint = At least { $minimum } characters.

status-title = Status
status-heading-well = Everything works
status-heading-bad = Something does not work
status-now = The parts at this moment
status-bad-hint = The operator’s log says more. What you sent is safe where a page has confirmed it.
part-tunnel = VPN
part-worker = Confined process of the VPN
part-store = Database
part-site = This site
part-runs = runs
part-runs-not = does not run
part-locked = runs, locked down
part-starting = is being started again
part-none = there is none
part-answers = answers
part-answers-not = does not answer
status-days = The last 90 days
status-summary = Everything worked in { $share } % of the time that was watched, on { $days ->
    [one] { $days } day.
   *[other] { $days } days.
}
status-nothing-known = Nothing is known yet: this server has just begun to watch itself.
strip-label = { $days ->
    [one] { $days } day:
   *[other] { $days } days:
} { $well ->
    [one] { $well } day without outages,
   *[other] { $well } days without outages,
} { $briefly } with short ones, { $badly } with longer ones, { $unknown } without data
day-well = a minute of outage at most
day-briefly = up to 15 minutes
day-badly = more than 15 minutes
day-unknown = no data
status-table = The same in numbers
status-caption = Day by day, in UTC; days without data are left out
status-known = Watched
status-stopped = Stopped
status-tunnel-down = No VPN
status-store-down = No database
status-about = Each minute the program looks at its parts and adds seconds to the day. That is all: no visit, no device and nobody is in these numbers. While the program was stopped, everything was down; where its clock was wrong, there is no data.

server-title = This server
server-lead = What a device needs to know, and what this machine does with packets.
server-features = It speaks
server-features-list = WireGuard over UDP; IPv4 and IPv6 inside; a preshared key for each device; one inner address for everybody
load-title = How busy it is
load-not-released = The policy releases no figures about traffic, so there are none here.
load-not-measured = The first figure appears when it has been counted for some minutes.
load-too-few = Fewer than { $people } people are connected. So few are not shown as a figure.
load-window = In the last { $length }, rounded so that nobody stands out. The figures are in memory alone.
load-traffic = Traffic
load-people = People connected
load-at-least = at least { $people }
load-quiet = quiet (less than 10 Mbit/s)
load-moderate = moderate (10 to 100 Mbit/s)
load-busy = busy (100 to 500 Mbit/s)
load-very-busy = very busy (more than 500 Mbit/s)

join-lead-number = No e-mail address, no password: you get a number, which alone lets you in.
join-by-number = <a href="{ $at }/join?by=number">Join without an e-mail address</a>
join-by-email = <a href="{ $at }/join">Join with an e-mail address instead</a>
join-invitation = Invitation
join-invitation-hint = 20 letters and digits; hyphens and case do not matter.
number-title = Your account number
number-lead = This number alone lets you in, so it is a password as well. It is shown this once; only a slow hash of it is stored.
number-nobody = Nobody can tell you the number again: without it the account is lost.
sign-in-number = With an account number
sign-in-number-button = Sign in with the number
label-number = Account number
label-number-hint = 16 digits that you wrote down when you joined; spaces do not matter.
api-title = For programs
api-lead = Everything that a member can do on these pages, as HTTP and JSON under <code>/api/v1</code>. The document for programs: <a href="/api/v1/openapi.json">OpenAPI 3.1</a>.
api-sign-in = A program signs in with an access token of its own, never with a cookie. It is made from the password or the account number, does what its scopes say, and ends by itself.
api-no-tokens = The policy of this instance declares no access tokens, so programs cannot sign in.
api-example = An example
api-operations = Operations
api-method = Method
api-path = Path
api-scope = Scope
api-problems = What can go wrong
api-problems-lead = Every refusal is a problem (RFC 9457). Its type leads here; its detail says what to do.
api-kind = Type
api-status = Status
part-forwards = Members’ traffic is forwarded by
forwards-kernel = the kernel
forwards-user-space = a confined process, in user space
