// A member's whole way with the keyboard alone: what is focused can be seen, and everything can be reached.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { unzipSync } from 'fflate';
import { clean } from './checks.js';
import { focused, press, tabTo, type } from './keyboard.js';
import { PASSWORD, launch, profile, serve } from './candor.js';

let candor, browser;
before(async () => {
  candor = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await candor?.stop();
});

test('join, add a device, export and erase with the keyboard alone', async () => {
  const { page, go, seen, context } = await profile(browser, candor.origin, { acceptDownloads: true });
  await go('/');
  await tabTo(page, 'Join');
  await press(page);
  const before = await tabTo(page, 'How old are you?');
  assert.equal(before[0], 'Skip to the content', 'the first stop leads past the navigation');
  await type(page, '30');
  await tabTo(page, 'E-mail address');
  await type(page, 'ada@example.org');
  await tabTo(page, 'Password');
  await type(page, 'short');
  await tabTo(page, /^I accept/);
  await page.keyboard.press('Space');
  await tabTo(page, 'Join');
  await press(page);
  // The focus is on the mistake; what was typed is still there.
  assert.equal((await focused(page)).id, 'password');
  assert.equal(await page.locator('#email').inputValue(), 'ada@example.org');
  assert.equal(await page.locator('#age').inputValue(), '30');
  assert.equal(await page.locator('#agree').isChecked(), true);
  await type(page, PASSWORD);
  await press(page);
  await page.locator('#recovery-code').waitFor();
  await tabTo(page, 'I have written it down');
  await press(page);
  await tabTo(page, 'Devices');
  await press(page);
  await tabTo(page, 'Name of the device');
  await type(page, 'Phone');
  await page.keyboard.press('Enter');
  await page.locator('#qr svg').waitFor();
  assert.equal((await focused(page)).id, 'main', 'the new content has the focus');
  await tabTo(page, 'Save phone.conf');
  await tabTo(page, 'All devices');
  await press(page);
  await tabTo(page, 'Remove Phone');
  await press(page);
  await tabTo(page, 'Remove it');
  await press(page);
  await page.getByText('None yet.').waitFor();
  await tabTo(page, 'About me');
  await press(page);
  await tabTo(page, 'Export all of it');
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  assert.ok('about-me.json' in unzipSync(new Uint8Array(await readFile(await download.path()))));
  await tabTo(page, 'Erase me');
  await press(page);
  await tabTo(page, 'Type the word erase');
  await type(page, 'erase');
  await tabTo(page, 'Your password');
  await type(page, PASSWORD);
  await press(page);
  await page.locator('#certificate').waitFor();
  assert.deepEqual(await context.cookies(), []);
  clean(seen, candor.origin);
  await context.close();
});

test('a mistake that belongs to no field has the focus as well', async () => {
  const { page, go, context } = await profile(browser, candor.origin);
  await go('/sign-in');
  await tabTo(page, 'E-mail address');
  await type(page, 'nobody@example.org');
  await tabTo(page, 'Password');
  await type(page, PASSWORD);
  await press(page);
  await page.getByText('The e-mail address or the password is wrong.').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'alert');
  assert.equal(await page.locator('#email').inputValue(), 'nobody@example.org');
  await context.close();
});

test('the configuration is on the paper, and what is pressed is not', async () => {
  const { page, go, context } = await profile(browser, candor.origin);
  await go('/join');
  await page.getByLabel('How old are you?').fill('30');
  await page.getByLabel('E-mail address').fill('printer@example.org');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByLabel(/I accept/).check();
  await page.locator('main form button[type=submit]').click();
  await page.locator('#recovery-code').waitFor();
  await go('/devices');
  await page.getByLabel('Name of the device').fill('Paper');
  await page.getByRole('button', { name: 'Add the device' }).click();
  await page.locator('#qr svg').waitFor();
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  assert.equal(await page.locator('#configuration').isVisible(), true);
  assert.equal(await page.locator('#qr svg').isVisible(), true);
  for (const hidden of ['nav', '#save', '.language', '.onward']) assert.equal(await page.locator(hidden).first().isVisible(), false, hidden);
  const colour = await page.evaluate(() => getComputedStyle(document.querySelector('#configuration')).color);
  assert.equal(colour, 'rgb(0, 0, 0)', 'black on white, whatever the screen has');
  await context.close();
});
