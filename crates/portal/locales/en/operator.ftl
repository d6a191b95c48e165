# What the operator's staff may open.

overview-title = Promises kept
overview-lead = Each cell is a datum that the policy rules out, and its shade is what keeps it out.
overview-members = <strong>{ $count }</strong> { $count ->
    [one] member
   *[other] members
}
overview-month = <strong>{ $bytes }</strong> moved in { $month }
overview-connected = <strong>{ $count }</strong> connected { $count ->
    [one] device
   *[other] devices
}
overview-connected-not-counted = <strong>not counted</strong> connected devices
overview-connected-off = <strong>none</strong> connected; the VPN does not run
overview-kept = <strong>{ $count }</strong> { $count ->
    [one] kind of data kept
   *[other] kinds of data kept
}
overview-not-collected = <strong>{ $count }</strong> declared, not collected
overview-no-promise = This policy makes no promise of absence.
overview-whole = kept
overview-excepted = with exceptions
overview-not-accepted = not accepted
overview-any-form = any form
overview-prove = This page shows what the running program can and cannot hold. Whether the machine holds anything beside the program is what <code>candor prove</code> looks for.
guard-no-code = no code can hold it
guard-no-table = no table exists for it
guard-elsewhere = kept elsewhere, by a statement of its own

members-title = Members
members-heading = { $count ->
    [one] { $count } member
   *[other] { $count } members
}
members-lead = Random ids and counts. Who they are is not shown to staff.
members-id = Id
members-joined = Joined
members-devices = Devices
members-month = This month
members-tariff = Tariff
members-erase = Erase
members-erase-which = Erase { $member }
members-you = you
members-over = over quota
members-tariff-of = Tariff of { $member }
members-change = Change
members-change-which = Change the tariff of { $member }
members-start = From the start
members-next = Next page
members-none = The list ended before this page.

network-title = Network
network-no-devices = The policy declares no devices, so there is no VPN.
network-runs = The VPN runs.
network-runs-not = The VPN does not run.
network-caption = The VPN
network-connected = Connected devices
network-not-counted = not counted
network-endpoint = Devices connect to
network-key = Server’s public key
network-addresses = Address inside, the same for all
network-dns = Name servers
network-own-dns = the device’s own
network-mtu = Largest packet inside
network-remedy = What gives it
network-remedy-label = The line that gives it
network-without = Everything else works without it: members can join, export and erase.
path-label = Packets go from a device through a confined worker to the internet. From the worker to the store go counts alone.
path-device = a device
path-worker = worker
path-worker-first = no file, no store, no clock;
path-worker-second = it cannot open a socket
path-internet = the internet
path-counts = counts by account and day
path-caption = device, worker, internet; counts to the store

running-title = The policy that runs
running-heading = { $name }, version { $version }
running-date = Of { $date }.
running-file = Compiled from <code>{ $file }</code>.
running-digest = Plan digest
kind-promises = { $count ->
    [one] promise
   *[other] promises
}
kind-kept = kept
kind-in-memory = in memory
kind-not-accepted = not accepted
kind-cookies = { $count ->
    [one] cookie
   *[other] cookies
}
kind-recipients = { $count ->
    [one] recipient
   *[other] recipients
}
kind-notes = { $count ->
    [one] note
   *[other] notes
}
running-picture = In one picture
running-not-collected = Declared, not collected by this version
running-tensions = Statements that pull apart
running-tension-one = One: { $statement }.
running-tension-other = The other: { $statement }.
running-lints = Probably not meant
running-statements = Statements
running-statement = Statement
running-clauses = Clauses
running-source = The file
running-source-label = The policy file
running-change = A policy is changed in its file and takes effect when candor starts with it: <code>candor policy check FILE</code> first.

members-suspended = suspended
members-ended = over
members-find = Find a member
members-find-label = Whole e-mail address, account number or id
members-find-hint = Sealed values are found by the whole value alone; there is no browsing.
members-find-button = Find
members-find-nobody = Nobody has this e-mail address, number or id.
members-all = Everybody
members-select = Select { $member }
members-batch = With those selected
members-batch-hint = For all of them or for none: if one cannot be changed, nothing is done, and you are told which.
members-action = What to do
members-action-tariff = Give the tariff
members-action-extend = Extend by days
members-action-suspend = Suspend
members-action-resume = End the suspension
members-days = Days
members-do = Do it
members-done = Done for { $count ->
    [one] { $count } member
   *[other] { $count } members
}.
batch-size = Select 1 to { $limit } members.
batch-gone = Member { $member } is not there any more, so nothing was done for anybody.
batch-staff = Member { $member } works for the operator and is not changed in a batch, so nothing was done for anybody.
batch-tariff = The configuration has no such tariff, so nothing was done.
batch-days = Memberships are extended by 1 to { $limit } days.
batch-no-end = The membership of { $member } has no end, so nothing was done for anybody. Give a tariff of days first.
batch-undeclared = The policy does not declare suspensions (suspended.day), so nothing was done.
invitations-title = Invitations
invitations-lead = A code lets as many people in as you say, until its day. Only a hash of it is stored.
invitations-none = No invitation is open.
invitations-left = Uses left
invitations-ends = Ends
invitations-withdraw = Withdraw
invitations-withdraw-which = Withdraw { $invitation }
withdraw-title = Withdraw the invitation { $invitation }?
withdraw-lead = Its code lets nobody in any more. Who has joined with it stays. It cannot be undone.
withdraw-button = Withdraw it
invitations-make = Make an invitation
invitations-count = How many codes
invitations-uses = How many people
invitations-days = For how many days
invitations-tariff = Tariff
invitations-button = Make it
invitations-made = Shown this once
invitations-made-how = Hand the code on, or this link:
import-title = Import a list of invitations
import-lead = Paste a list from a spreadsheet. You see what it comes to before anything is made, and all of it is made or nothing.
import-list = The list
import-text = Lines of the list
import-text-hint = The first line names the columns. Commas, semicolons or tabs between the cells.
import-look = Look at it first
import-back = Back to the invitations
import-example = How it looks
import-uses = How many people the code lets in; 1 when left out
import-days = For how many days; 14 when left out
import-tariff = The tariff; the first one when left out. There are:
import-nobody = Names and addresses do not belong here: nothing about people is stored with an invitation. The codes come back in the order of your lines, so you can put them beside your own list.
import-look-over = Nothing is made yet
import-look-heading = { $invitations ->
    [one] { $invitations } invitation
   *[other] { $invitations } invitations
}
import-look-lead = { $people ->
    [one] { $people } person can join with it.
   *[other] { $people } people can join with them.
}
import-count = Codes
import-each = People each
import-make = { $invitations ->
    [one] Make { $invitations } invitation
   *[other] Make { $invitations } invitations
}
import-leave = Make none
import-made-heading = { $invitations ->
    [one] { $invitations } invitation is made
   *[other] { $invitations } invitations are made
}
import-made-lead = Save the codes now: only hashes of them are stored. They are in the order of your lines.
import-made-list = The codes
import-save = Save as invitations.csv
import-saved = I have saved them
import-empty = The list has no invitation: the first line names the columns, and each line after it is one invitation.
import-column = The first line names the columns uses, days and tariff, in any order; “{ $column }” is none of them. Nothing was made.
import-twice = The first line names the column { $column } twice. Nothing was made.
import-cells = Line { $line } has { $cells ->
    [one] { $cells } cell
   *[other] { $cells } cells
} and the first line names { $columns ->
    [one] { $columns } column
   *[other] { $columns } columns
}. Nothing was made.
import-line = Line { $line }: { $why } Nothing was made.
refused-many-invitations = 1 to { $limit } invitations are made at once. Make the others after them.
refused-no-such-tariff = The configuration has no tariff of this name.
refused-uses = An invitation lets 1 to { $limit } people in.
refused-days = An invitation lives 1 to { $limit } days.
network-kernel = Letting the kernel forward
network-kernel-lacks = That is faster. This machine lacks for it:
doctor-title = Check-up
doctor-well = Nothing is wrong
doctor-bad = { $count ->
    [one] One thing is wrong
   *[other] { $count } things are wrong
}
doctor-counts = { $checked } checked just now, { $look } to look at, { $unknown } not found out.
doctor-mend = To mend
doctor-look = To look at
doctor-unknown = Not found out
doctor-good = In order
doctor-nothing-else = Nothing is to be mended, and nothing to be bettered.
doctor-line = What to do about: { $topic }
doctor-about = The same as <code>candor doctor</code> on the machine; its findings are in English. What only root may see is told there: <code>sudo candor doctor</code>.
doctor-instance = Running instance
doctor-policy = Policy that runs
doctor-confinement = Locking of workers
doctor-tunnel = Tunnel
doctor-forwarding = Forwarding
doctor-pings = Members’ pings
doctor-clock = Clock
doctor-swap = Swap
doctor-core-dumps = Core dumps
doctor-port = Port
doctor-name = Name
doctor-certificate = Certificate
doctor-disk = Disk
doctor-file-modes = File modes
doctor-wrapping-key = Wrapping key
doctor-backup = Backup
doctor-database-server = Database server
doctor-database-log = Log of the database server
