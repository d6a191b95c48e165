// Every page, in both widths and both colour schemes: accessible, small, silent, and inside its window.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { accessible, clean } from './checks.js';
import { PASSWORD, join_, launch, profile, serve, signIn } from './candor.js';

// The addresses that answer a page, as the router has them: a page that is added there is looked at here.
const ROUTER = readFileSync(new URL('../crates/portal/src/router.rs', import.meta.url), 'utf8');
const pagesOf = name => {
  const body = ROUTER.split(`fn ${name}() -> Router<App> {`)[1].split('\n}\n')[0];
  const routes = body.split('.route(').slice(1);
  return routes.filter(route => /\bget\(/.test(route)).map(route => route.match(/"([^"]+)"/)[1]);
};
// A file, and what has words for programs alone.
const NO_PAGE = ['/me/export'];
const MACHINES = 'machines';
const WHOSE = { guest: ['site'], operator: ['member', 'operating'] };
const PAGES = Object.fromEntries(Object.entries(WHOSE)
  .map(([who, names]) => [who, names.flatMap(pagesOf).filter(path => !NO_PAGE.includes(path))]));
// What an address shows beyond its plain form, and an address that is none.
PAGES.guest.push('/join?by=number', '/nothing');
PAGES.operator.unshift('/', '/policy');
// For whoever joined by a number, and nobody else.
PAGES.numbered = PAGES.operator.filter(path => path === '/me/number');
PAGES.operator = PAGES.operator.filter(path => path !== '/me/number');
// The signed-in browser of somebody with a number.
let numbered;
// Addresses with an id in them, as they are in this run: from the router's address to ours.
const here = {};
const NOT_FOUND = ['/nothing'];

// The largest page is the policy; its size grows with the policy's, and the built-in one leaves room.
const PAGE_LIMIT_BYTES = 120 * 1024;
const SCRIPT_LIMIT_BYTES = 16 * 1024;

let candor, browser, fresh;
before(async () => {
  candor = await serve();
  browser = await launch();
  const { page, context } = await profile(browser, candor.origin);
  await page.goto(candor.setUp);
  await join_(page, 'operator@example.org');
  fresh = await serve();
  here['/set-up/{token}'] = new URL(fresh.setUp).pathname;
  await page.goto(`${candor.origin}/devices`);
  await page.getByLabel('Name of the device').fill('Laptop');
  await page.getByRole('button', { name: 'Add the device' }).click();
  await page.locator('#qr svg').waitFor();
  await page.goto(`${candor.origin}/me/programs`);
  await page.getByLabel('For which program').fill('Watch');
  await page.getByLabel('See what was used').check();
  await page.getByLabel('Your password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Make the token' }).click();
  await page.locator('#token').waitFor();
  await page.goto(`${candor.origin}/operator/invitations`);
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.locator('#made').waitFor();
  const other = await profile(browser, candor.origin);
  await other.go('/join?by=number');
  await other.page.getByLabel('How old are you?').fill('30');
  await other.page.getByLabel(/I accept/).check();
  await other.page.locator('main form button[type=submit]').click();
  await other.page.locator('#recovery-code').waitFor();
  numbered = await other.context.storageState();
  await other.context.close();
  const guest = await profile(browser, candor.origin);
  await guest.go('/join');
  await join_(guest.page, 'ada@example.org');
  await guest.context.close();
  for (const [path, from, words] of [
    ['/devices/{id}/rename', '/devices', 'Rename Laptop'],
    ['/devices/{id}/remove', '/devices', 'Remove Laptop'],
    ['/me/programs/{id}/end', '/me/programs', 'End Watch'],
    ['/operator/invitations/{id}/withdraw', '/operator/invitations', /^Withdraw /],
    ['/operator/members/{id}/erase', '/operator/members', /^Erase /],
  ]) {
    await page.goto(candor.origin + from);
    here[path] = await page.getByRole('link', { name: words }).first().getAttribute('href');
  }
  await context.close();
});
after(async () => {
  await fresh?.stop();
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
    for (const who of ['guest', 'operator', 'numbered']) {
      const { page, go, seen, context } = await profile(browser, candor.origin, {
        viewport: { width, height: 800 }, colorScheme, ...(who === 'numbered' ? { storageState: numbered } : {}),
      });
      if (who === 'operator') await signIn(page, candor.origin, 'operator@example.org');
      for (const path of PAGES[who]) {
        if (path === '/set-up/{token}') continue;
        const answer = await go(at + (here[path] ?? path));
        assert.equal(answer.status(), NOT_FOUND.includes(path) ? 404 : 200, path);
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

test('the set-up in every look', async () => {
  for (const { width, colorScheme, language, at } of LOOKS) {
    const { page, go, seen, context } = await profile(browser, fresh.origin, { viewport: { width, height: 800 }, colorScheme });
    assert.equal((await go(at + here['/set-up/{token}'])).status(), 200);
    assert.equal(await page.evaluate(() => document.documentElement.lang), language);
    await accessible(page, `the set-up, ${language}`);
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(beyond <= 0, `the set-up is ${beyond} px wider than its window`);
    clean(seen, fresh.origin);
    await context.close();
  }
});

test('every address of the router is looked at, or is no page', () => {
  const all = ROUTER.split('.route(').length - 1;
  const read = [...Object.values(WHOSE).flat(), MACHINES];
  const found = read.map(name => ROUTER.split(`fn ${name}() -> Router<App> {`)[1].split('\n}\n')[0].split('.route(').length - 1);
  assert.equal(found.reduce((sum, count) => sum + count), all, 'the router has routes where nobody looks for them');
  assert.equal(PAGES.numbered.length, 1);
  assert.ok(Object.values(PAGES).flat().length > 25, 'the search finds pages');
  const unknown = Object.values(PAGES).flat().filter(path => path.includes('{') && !here[path]);
  assert.deepEqual(unknown, [], 'nobody knows an address for these');
});

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
    await page.goto(candor.origin + (here[path] ?? path), { waitUntil: 'networkidle' });
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
