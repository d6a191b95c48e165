// Every page, in both widths and both colour schemes: accessible, small, silent, and inside its window.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, clean } from './checks.js';
import { join_, launch, profile, serve, signIn } from './candor.js';

const PAGES = {
  guest: ['/', '/policy', '/join', '/sign-in', '/reset', '/nothing', '/status', '/network', '/api', '/join?by=number'],
  operator: ['/', '/policy', '/home', '/devices', '/usage', '/me', '/me/email', '/me/erase', '/me/programs', '/me/password',
    '/operator', '/operator/members', '/operator/network', '/operator/policy', '/operator/doctor', '/operator/invitations',
    '/operator/invitations/import'],
};
// The largest page is the policy; its size grows with the policy's, and the built-in one leaves room.
const PAGE_LIMIT_BYTES = 120 * 1024;
const SCRIPT_LIMIT_BYTES = 16 * 1024;

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

// English in every width and scheme; German, whose words are longer, once in each.
const LOOKS = [
  ...[360, 1280].flatMap(width => ['light', 'dark'].map(colorScheme => ({ width, colorScheme, language: 'en', at: '' }))),
  { width: 360, colorScheme: 'light', language: 'de', at: '/de' },
  { width: 1280, colorScheme: 'dark', language: 'de', at: '/de' },
];

for (const { width, colorScheme, language, at } of LOOKS) {
  test(`every page at ${width} px in ${colorScheme}, ${language}`, async () => {
    for (const who of ['guest', 'operator']) {
      const { page, go, seen, context } = await profile(browser, candor.origin, { viewport: { width, height: 800 }, colorScheme });
      if (who === 'operator') await signIn(page, candor.origin, 'operator@example.org');
      for (const path of PAGES[who]) {
        await go(at + path);
        assert.equal(await page.evaluate(() => document.documentElement.lang), language, path);
        await page.evaluate(() => document.querySelectorAll('details').forEach(part => part.open = true));
        await accessible(page, `${at}${path} for ${who}`);
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(beyond <= 0, `${path} is ${beyond} px wider than its window`);
      }
      clean(seen, candor.origin);
      await context.close();
    }
  });
}

test('forms with a mistake are accessible too, and the focus is on the mistake', async () => {
  const { page, go, seen, context } = await profile(browser, candor.origin, { viewport: { width: 360, height: 800 } });
  await go('/join');
  await page.getByLabel('How old are you?').fill('30');
  await page.getByLabel('E-mail address').fill('a@b');
  await page.getByLabel('Password', { exact: true }).fill('short');
  await page.getByLabel(/I accept/).check();
  await page.locator('main form button[type=submit]').click();
  await page.locator('#password-error').waitFor();
  await accessible(page, '/join with a mistake');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'password');
  assert.equal(await page.getByLabel('E-mail address').inputValue(), 'a@b');
  assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), '');
  clean(seen, candor.origin);
  await context.close();
});

test('pages are light, and the script is within its budget', async () => {
  const { page, context } = await profile(browser, candor.origin);
  await signIn(page, candor.origin, 'operator@example.org');
  for (const path of PAGES.operator) {
    let bytes = 0;
    const count = async response => {
      const body = await response.body().catch(() => Buffer.alloc(0));
      bytes += body.length;
      if (response.url().endsWith('.js')) assert.ok(body.length <= SCRIPT_LIMIT_BYTES, `${body.length} bytes of script`);
    };
    page.on('response', count);
    await page.goto(candor.origin + path, { waitUntil: 'networkidle' });
    page.off('response', count);
    assert.ok(bytes > 0 && bytes <= PAGE_LIMIT_BYTES, `${path} weighs ${bytes} bytes`);
  }
  await context.close();
});

test('a keyboard reaches the content first', async () => {
  const { page, go, context } = await profile(browser, candor.origin);
  await go('/');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await context.close();
});
