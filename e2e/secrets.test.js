// What a member signs in with, and what their programs do: on pages, without script.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, clean } from './checks.js';
import { PASSWORD, join_, launch, profile, serve, signIn } from './candor.js';

const NEW = 'four other small words';

let candor, browser;
before(async () => {
  candor = await serve();
  browser = await launch();
  const { page, context } = await profile(browser, candor.origin);
  await page.goto(candor.setUp);
  await join_(page, 'operator@example.org');
  await context.close();
});
after(async () => {
  await browser?.close();
  await candor?.stop();
});

const ask = (path, token) => fetch(`${candor.origin}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });

test('a token does what was ticked until it is ended', async () => {
  const { page, go, seen, context } = await profile(browser, candor.origin, { javaScriptEnabled: false });
  await go('/join');
  await join_(page, 'ada@example.org');
  await page.getByRole('link', { name: 'I have written it down' }).click();
  await page.getByRole('link', { name: 'Programs of yours' }).click();
  await page.getByLabel('For which program').fill('Watch');
  await page.getByLabel('Your password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Make the token' }).click();
  await page.locator('#scope-error').waitFor();
  assert.equal(await page.getByLabel('For which program').inputValue(), 'Watch', 'nothing typed is lost');
  await page.getByLabel('See what was used').check();
  await page.getByLabel('Your password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Make the token' }).click();
  const token = await page.locator('#token').innerText();
  assert.match(token, /^candor_[0-9a-f]{64}$/);
  assert.equal((await ask('/usage', token)).status, 200);
  assert.equal((await ask('/devices', token)).status, 403);
  await page.getByRole('link', { name: 'I have given it to the program' }).click();
  await page.getByRole('link', { name: 'End Watch' }).click();
  await page.getByRole('heading', { name: 'End Watch?' }).waitFor();
  assert.equal((await ask('/usage', token)).status, 200, 'asking ends nothing');
  await page.getByRole('button', { name: 'End it' }).click();
  await page.getByText('No program can act for you').waitFor();
  assert.equal((await ask('/usage', token)).status, 401);
  clean(seen, candor.origin);
  await context.close();
});

test('another password signs out everybody else', async () => {
  const here = await profile(browser, candor.origin, { javaScriptEnabled: false });
  const elsewhere = await profile(browser, candor.origin, { javaScriptEnabled: false });
  for (const { page } of [here, elsewhere]) await signIn(page, candor.origin, 'ada@example.org');
  await here.go('/.well-known/change-password');
  await here.page.getByLabel('Present password').fill('not my password');
  await here.page.getByLabel('New password').fill(NEW);
  await here.page.getByRole('button', { name: 'Change it' }).click();
  await here.page.locator('#password-error').waitFor();
  await here.page.getByLabel('Present password').fill(PASSWORD);
  await here.page.getByLabel('New password').fill(NEW);
  await here.page.getByRole('button', { name: 'Change it' }).click();
  await here.page.getByRole('heading', { name: 'Your password is changed' }).waitFor();
  await here.go('/home');
  assert.equal(new URL(here.page.url()).pathname, '/home');
  await elsewhere.go('/home');
  assert.equal(new URL(elsewhere.page.url()).pathname, '/sign-in');
  for (const { seen, context } of [here, elsewhere]) {
    clean(seen, candor.origin);
    await context.close();
  }
});

test('another account number ends the old one', async () => {
  const { page, go, seen, context } = await profile(browser, candor.origin, { javaScriptEnabled: false });
  await go('/join?by=number');
  await page.getByLabel('How old are you?').fill('30');
  await page.getByLabel(/I accept/).check();
  await page.locator('main form button[type=submit]').click();
  const old = await page.locator('#recovery-code').innerText();
  await go('/me/number');
  await page.getByLabel('Present account number').fill(old.replaceAll(' ', ''));
  await page.getByRole('button', { name: 'Draw a new number' }).click();
  const drawn = await page.locator('#recovery-code').innerText();
  assert.match(drawn, /^(\d{4} ){3}\d{4}$/);
  assert.notEqual(drawn, old);
  await page.getByRole('link', { name: 'I have written it down' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  for (const [number, path] of [[old, '/sign-in'], [drawn, '/home']]) {
    await go('/sign-in');
    await page.getByLabel('Account number').fill(number);
    await page.getByRole('button', { name: 'Sign in with the number' }).click();
    await page.locator('h1').waitFor();
    assert.equal(new URL(page.url()).pathname, path);
  }
  clean(seen, candor.origin);
  await context.close();
});

test('a list of invitations is looked at, made, and saved', async () => {
  const { page, go, seen, context } = await profile(browser, candor.origin, { viewport: { width: 360, height: 800 } });
  await signIn(page, candor.origin, 'operator@example.org');
  await go('/operator/invitations/import');
  const text = page.getByLabel('Lines of the list');
  await text.fill('tariff;uses\nfamily;1\ngolden;1\n');
  await page.getByRole('button', { name: 'Look at it first' }).click();
  assert.match(await page.locator('#text-error').innerText(), /^Line 3: The configuration has no tariff/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'text', 'the focus is on the mistake');
  assert.equal(await text.inputValue(), 'tariff;uses\nfamily;1\ngolden;1\n');
  await accessible(page, 'a list with a mistake');
  await text.fill('tariff;uses\nfamily;1\nopen;25\n');
  await page.getByRole('button', { name: 'Look at it first' }).click();
  await page.getByText('26 people can join with them.').waitFor();
  await accessible(page, 'a list that is looked at');
  await page.getByRole('button', { name: 'Make 2 invitations' }).click();
  await accessible(page, 'the codes');
  const [, path] = (await page.locator('#invitations').innerText()).split('\n')[1].split(',');
  const guest = await profile(browser, candor.origin);
  await guest.go(path);
  assert.equal(await guest.page.getByLabel('Invitation').inputValue(), path.split('=')[1]);
  for (const one of [{ seen, context }, guest]) {
    clean(one.seen, candor.origin);
    await one.context.close();
  }
});
