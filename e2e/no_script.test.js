// The same without script: forms alone.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { unzipSync } from 'fflate';
import { clean } from './checks.js';
import { PASSWORD, join_, launch, profile, serve, signIn } from './candor.js';

const PUBLIC_KEY = 'hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=';

let candor, browser;
before(async () => {
  candor = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await candor?.stop();
});

test('everything works without script', async () => {
  const { page, go, seen, context } = await profile(browser, candor.origin, { javaScriptEnabled: false, acceptDownloads: true });
  await go('/join');
  await join_(page, 'grace@example.org');
  await page.getByRole('link', { name: 'I have written it down' }).click();
  await page.getByText('grace@example.org').waitFor();

  await go('/devices');
  await page.getByLabel('Name of the device').fill('Router');
  await page.getByLabel('Public key').fill(PUBLIC_KEY);
  await page.getByRole('button', { name: 'Add the device' }).click();
  const text = await page.locator('#configuration').textContent();
  assert.match(text, /^PrivateKey = PUT-YOUR-PRIVATE-KEY-HERE$/m);
  assert.match(text, /^PresharedKey = [A-Za-z0-9+/]{43}=$/m);
  assert.equal(await page.locator('#qr').isVisible(), false);
  await go('/devices');
  await page.getByRole('link', { name: 'Rename Router' }).click();
  await page.getByLabel('Name of the device').fill('Cellar');
  await page.getByRole('button', { name: 'Rename it' }).click();
  await page.getByRole('link', { name: 'Remove Cellar' }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByText('None yet.').waitFor();

  await go('/me');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Export all of it' }).click()]);
  assert.ok('about-me.json' in unzipSync(new Uint8Array(await readFile(await download.path()))));

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${candor.origin}/`);
  assert.deepEqual(await context.cookies(), []);
  await signIn(page, candor.origin, 'grace@example.org');
  await go('/me/erase');
  await page.getByLabel('Type the word erase').fill('erase');
  await page.getByLabel('Your password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Erase me now' }).click();
  await page.locator('#certificate').waitFor();
  clean(seen, candor.origin);
  await context.close();
});

test('somebody too young is told so, and has no cookie', async () => {
  const { page, go, context } = await profile(browser, candor.origin, { javaScriptEnabled: false });
  await go('/join');
  await page.getByLabel('How old are you?').fill('12');
  await page.getByLabel('E-mail address').fill('kid@example.org');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByLabel(/I accept/).check();
  await page.locator('main form button[type=submit]').click();
  await page.getByText('Nothing that you entered was kept').waitFor();
  assert.deepEqual(await context.cookies(), []);
  await context.close();
});

test('another site cannot send a form in a member’s name', async () => {
  const { page, context } = await profile(browser, candor.origin);
  await page.goto(`${candor.origin}/join`);
  await join_(page, 'edith@example.org');
  // The TLS site has another port: the same site to a cookie, another origin to the form.
  const other = await context.newPage();
  await other.goto('about:blank');
  await other.setContent(`<form method="post" action="${candor.origin}/sign-out"><button>x</button></form>`);
  const [answer] = await Promise.all([other.waitForResponse(/sign-out/), other.click('button')]);
  assert.equal(answer.status(), 403);
  await page.goto(`${candor.origin}/home`);
  assert.equal(new URL(page.url()).pathname, '/home', 'still signed in');
  await context.close();
});

test('the TLS site demands TLS for the future, the site on this machine does not', async () => {
  const { context, page } = await profile(browser, candor.origin);
  const plain = await page.goto(`${candor.origin}/`);
  assert.equal(plain.headers()['strict-transport-security'], undefined);
  const safe = await page.goto(`${candor.tlsOrigin}/`);
  assert.match(safe.headers()['strict-transport-security'], /^max-age=\d{8,}$/);
  await context.close();
});
