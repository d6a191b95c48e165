// One member's whole way, with script: joins, adds a device, exports, is erased.

import assert from 'node:assert/strict';
import { createPublicKey, createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { strFromU8, unzipSync } from 'fflate';
import { clean, readCode } from './checks.js';
import { PASSWORD, join_, launch, profile, serve } from './candor.js';

let candor, browser, ada;
before(async () => {
  candor = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await candor?.stop();
});

/** The public key of a WireGuard private key, by Node's OpenSSL. */
function publicKeyOf(privateKey) {
  const der = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), Buffer.from(privateKey, 'base64')]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x, 'base64url').toString('base64');
}

test('the set-up link makes the operator, once', async () => {
  const { page, seen, context } = await profile(browser, candor.origin);
  await page.goto(candor.setUp);
  await join_(page, 'operator@example.org');
  await page.getByRole('link', { name: 'I have written it down' }).click();
  await page.getByRole('link', { name: 'Operator', exact: true }).click();
  await page.getByRole('heading', { name: 'Promises kept' }).waitFor();
  for (const name of ['Members', 'Network', 'Policy']) {
    await page.getByRole('navigation').getByRole('link', { name }).click();
    await page.locator('h1').waitFor();
  }
  const again = await page.goto(candor.setUp);
  assert.equal(again.status(), 404);
  clean(seen, candor.origin);
  await context.close();
});

test('a member joins and is told the recovery code', async () => {
  ada = await profile(browser, candor.origin, { acceptDownloads: true });
  await ada.go('/');
  await ada.page.getByRole('main').getByRole('link', { name: 'Join' }).click();
  const code = await join_(ada.page, 'ada@example.org');
  assert.match(code, /^([0-9A-Z]{5}-){3}[0-9A-Z]{5}$/);
  const cookies = await ada.context.cookies();
  assert.deepEqual(cookies.map(({ name, expires, httpOnly, secure }) => ({ name, expires, httpOnly, secure })),
    [{ name: '__Host-sid', expires: -1, httpOnly: true, secure: true }]);
});

test('the key of a device is made in the browser and never leaves it', async () => {
  const { page, seen, go } = ada;
  await go('/devices');
  await page.getByLabel('Name of the device').fill('Phone');
  assert.equal(await page.getByLabel('Public key').isVisible(), false, 'nobody is asked for a key');
  await page.getByRole('button', { name: 'Add the device' }).click();
  await page.locator('#qr svg').waitFor();
  const text = await page.locator('#configuration').textContent();
  const privateKey = text.match(/^PrivateKey = ([A-Za-z0-9+/]{43}=)$/m)[1];
  assert.match(text, /^\[Interface\]\nPrivateKey = .{44}\nAddress = .+\n(DNS = .+\n)?MTU = \d+\n\n\[Peer\]\nPublicKey = .{44}\nPresharedKey = .{44}\nAllowedIPs = 0\.0\.0\.0\/0, ::\/0\nEndpoint = vpn\.example\.org:\d+\nPersistentKeepalive = 25\n$/);
  assert.equal(await readCode(page.locator('#qr svg')), text, 'the code says what the text says');

  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Save phone.conf' }).click()]);
  assert.equal(download.suggestedFilename(), 'phone.conf');
  assert.equal(await readFile(await download.path(), 'utf8'), text);

  const posted = seen.requests.filter(({ method }) => method === 'POST').map(({ body }) => decodeURIComponent(body));
  assert.ok(posted.some(body => body.includes(publicKeyOf(privateKey))), 'the public key of that private key was sent');
  const sent = seen.requests.map(({ url, body }) => decodeURIComponent(url + body)).join('\n');
  assert.ok(!sent.includes(privateKey), 'the private key was sent');
  await go('/devices');
  assert.ok((await page.locator('main').innerText()).includes(publicKeyOf(privateKey)));
});

test('a browser without X25519 makes the same keys by itself', async () => {
  const { context, page, go } = await profile(browser, candor.origin, { storageState: await ada.context.storageState() });
  await context.addInitScript(() => { crypto.subtle.generateKey = () => Promise.reject(new Error('not here')); });
  await go('/devices');
  await page.getByLabel('Name of the device').fill('Old laptop');
  await page.getByRole('button', { name: 'Add the device' }).click();
  await page.locator('#qr svg').waitFor();
  const text = await page.locator('#configuration').textContent();
  const privateKey = text.match(/^PrivateKey = (.+)$/m)[1];
  await go('/devices');
  assert.ok((await page.locator('main').innerText()).includes(publicKeyOf(privateKey)));
  await context.close();
});

test('a name that is too long is said beside the field, and no key is shown', async () => {
  const { page, go } = ada;
  await go('/devices');
  await page.getByLabel('Name of the device').fill('x'.repeat(41));
  await page.getByRole('button', { name: 'Add the device' }).click();
  await page.locator('#label-error').waitFor();
  assert.equal(await page.getByLabel('Name of the device').inputValue(), 'x'.repeat(41));
  assert.equal(await page.evaluate(() => document.activeElement.id), 'label');
  await page.getByLabel('Name of the device').fill('Tablet');
  await page.getByRole('button', { name: 'Add the device' }).click();
  await page.locator('#qr svg').waitFor();
});

test('usage says that nothing was moved', async () => {
  await ada.go('/usage');
  await ada.page.getByText('No traffic in these 30 days.').waitFor();
});

test('the export opens and has what the page has', async () => {
  const { page, go } = ada;
  await go('/me');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Export all of it' }).click()]);
  const files = unzipSync(new Uint8Array(await readFile(await download.path())));
  assert.deepEqual(Object.keys(files).sort(), ['about-me.html', 'about-me.json', 'policy.json', 'policy.kdl']);
  const about = JSON.parse(strFromU8(files['about-me.json']));
  const held = about.tables.find(({ table }) => table === 'held');
  assert.equal(held.rows[0].values[0].value, 'ada@example.org');
  const shown = await page.locator('main').innerText();
  for (const { rows } of about.tables) for (const { values } of rows) for (const { value } of values)
    if (value !== null) assert.ok(shown.includes(value) || await page.getByText(value).count(), `${value} is not on the page`);
});

test('erasing shows a certificate, ends the session and keeps nothing', async () => {
  const { page, go, seen, context } = ada;
  await go('/me');
  await page.getByRole('link', { name: 'Erase me' }).click();
  await page.getByLabel('Type the word erase').fill('erase');
  await page.getByLabel('Your password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Erase me now' }).click();
  await page.getByRole('heading', { name: 'Nothing is held about you any more' }).waitFor();
  const text = await page.locator('#certificate').textContent();
  assert.match(text, /^Candor erasure certificate\n[\s\S]*data key: destroyed[\s\S]*\nsignature: [0-9a-f]{128}\n$/);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Save the certificate' }).click()]);
  assert.equal(download.suggestedFilename(), 'erasure-certificate.txt');
  assert.equal(await readFile(await download.path(), 'utf8'), text);
  assert.deepEqual(await context.cookies(), []);
  await go('/home');
  assert.equal(new URL(page.url()).pathname, '/sign-in');
  clean(seen, candor.origin);
  await context.close();
});
