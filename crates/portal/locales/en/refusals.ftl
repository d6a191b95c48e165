# What is wrong with a form, and what went wrong elsewhere: what happened, why, and what to do.

refused-email = This is not an e-mail address; it has a name, an @ and a domain.
refused-email-taken = Somebody has joined with this e-mail address; sign in, or use your recovery code.
refused-password-short = The password is too short; take at least { $minimum } characters, a few words will do.
refused-password-long = The password is too long; take at most { $maximum } characters.
refused-age-missing = Please say how old you are; the number is compared with the limit and not kept.
refused-age = An age is a whole number of years.
refused-young = This service is for people from { $age } years; nothing that you entered was kept.
refused-agree = An account needs your agreement to the policy, because the policy is what the program does.
refused-policy-changed = The policy has changed since you opened this page; please read it and send the form again.
refused-set-up = This set-up link is wrong, used or more than an hour old; start candor again for a new one.
refused-no-numbers = Nobody joins here without an e-mail address: the policy declares no account numbers.
refused-invitation-needed = People join here by invitation. Ask somebody who works for the operator for one.
refused-invitation-wrong = This invitation is wrong, used up or over. Ask for a new one.
refused-busy = Too many people are signing in at this moment; try again in a few seconds.
refused-sign-in = The e-mail address or the password is wrong.
refused-reset = The e-mail address or the recovery code is wrong.
refused-own-password = This is not your password, so nothing was done.
refused-own-number = This is not your account number, so nothing was done. Compare it digit by digit.
refused-token-label = A label has 1 to { $limit } characters; say which program the token is for.
refused-replaced = Your password or number was replaced a moment ago; sign in with the new one.
refused-no-scope = A token that may do nothing is of no use; tick at least one.
refused-too-many-tokens = You have { $limit } tokens, and there is room for no more; end one that you do not need.
refused-word = Type the word { $word } to go on; nothing was erased.
refused-label = A label has 1 to { $limit } characters; give the device a name that you will recognise.
refused-key = A WireGuard key is 44 characters of base 64 and ends with =.
refused-key-taken = This public key belongs to a device already; make a new key pair for each device.
refused-key-empty = This public key is empty; make a key pair first.
refused-too-many = { $limit ->
    [one] Your tariff allows { $limit } device; remove it first.
   *[other] Your tariff allows { $limit } devices; remove one first.
}
refused-vpn-off = The VPN does not run at this moment, so there is nothing that a device could connect to; try again later.

failure-not-found = There is nothing here
failure-not-found-why = The address is wrong, or this page is not for the account that you are signed in with.
failure-not-found-do = Check the address, or go to the start page.
failure-set-up = This set-up link does not work
failure-set-up-why = A link works once and for an hour, and only while the machine has no operator.
failure-set-up-do = If you run this machine, start candor again: it prints a new link. If it is set up already, sign in.
failure-sign-in = You are not signed in
failure-sign-in-why = This page belongs to an account. A session ends with the browser, after 14 days, or when the password changes.
failure-sign-in-do = Sign in, then open the page again.
failure-cross-site = That was not sent from this site
failure-cross-site-why = A form was sent from another web site in your name, so it was refused and nothing was changed. If it was you, your browser is too old to say where a form comes from.
failure-cross-site-do = Open the page here and send the form again.
failure-not-a-form = That could not be read
failure-not-a-form-why = The request was not a form of this site.
failure-not-a-form-do = Open the page again and send its form.
failure-too-large = That is too large
failure-too-large-why = A form of this site never has more than { $limit } kilobytes, so the rest was not read.
failure-too-large-do = Send less text.
failure-too-often = Too many attempts
failure-too-often-why = Many attempts came from your network in a short time; this keeps others from guessing passwords. The count is in memory alone, and is forgotten.
failure-too-often-do = Wait a minute and try again.
failure-wrong-method = That is not possible here
failure-wrong-method-why = This address answers to another kind of request, for example because a form was opened as a page.
failure-wrong-method-do = Go back and use the form.
failure-too-long = That took too long
failure-too-long-why = The machine did not finish within { $seconds } seconds; it may be busy.
failure-too-long-do = Try again. What you sent may have been done: look before you send it twice.
failure-store = The program could not finish this
failure-store-do = Try again. If it happens again, tell the operator the code { $code }; it says nothing about you, and stands in the operator’s log.
failure-ourselves = The program failed
failure-ourselves-why = It met a state that its authors did not think of. Nothing about you was written down.
failure-ourselves-do = Try again. If it happens again, tell the operator which page it was.

store-not-declared = The policy does not declare what was to be kept.
store-refused = The database refused a row: the policy does not declare its field, or its person was erased meanwhile.
store-taken = That is already taken.
store-gone = What was to be changed is no longer there.
store-no-subject = There is no such person here (any more).
store-unsealable = A sealed value does not open: the database was changed from outside, or the wrapping key is another one.
store-malformed = A row does not have the shape that its table declares.
store-arguments = A statement was given the wrong number of values.
store-damaged = A database file is damaged.
store-full = The disk is full. Nothing that was acknowledged is lost.
store-database = The database failed with code { $code }.
store-closing = The program is stopping.
store-conflict = The database could not do this beside another change.
store-disconnected = The database server does not answer. Nothing was changed.
store-uncertain = The connection to the database server broke at the last moment. Look whether it was done before you repeat it.

refused-number = Nobody has this account number. Compare it digit by digit with what you wrote down.
