// An operator with more members than one page shows, and with the keyboard alone.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { accessible, clean } from './checks.js';
import { press, tabTo, type } from './keyboard.js';
import { PASSWORD, join_, launch, profile, serve, signIn } from './candor.js';

const EMAIL = 'operator@example.org';
// What one page of the list shows.
const ROWS = 50;
const OTHERS = ROWS + 3;
// Each row has four stops.
const STOPS = 4 * ROWS + 60;

let candor, browser;
before(async () => {
  candor = await serve();
  browser = await launch();
  const { page, context } = await profile(browser, candor.origin);
  await page.goto(candor.setUp);
  await join_(page, EMAIL);
  await context.close();
});
after(async () => {
  await browser?.close();
  await candor?.stop();
});

/** A request from an address of this machine of its own: how often one address may join is limited. */
function ask(path, from, body) {
  return new Promise((done, failed) => {
    const headers = body ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
    const sent = request(candor.origin + path, { method: body ? 'POST' : 'GET', family: 4, localAddress: from, headers }, answer => {
      let text = '';
      answer.on('data', part => { text += part; }).on('end', () => done({ status: answer.statusCode, headers: answer.headers, text }));
    });
    sent.on('error', failed).end(body);
  });
}

let joined = 0;
/** Somebody joins, by the form that anybody fills in. */
async function joins(email) {
  const from = `127.0.1.${++joined}`;
  const form = await ask('/join', from);
  const accepted = form.text.match(/name="accepted" value="([^"]+)"/)[1];
  const body = new URLSearchParams({ email, password: PASSWORD, age: '42', accepted, agree: 'yes' }).toString();
  const answer = await ask('/join', from, body);
  assert.match(String(answer.headers['set-cookie']), /^__Host-sid=/, `${email}: ${answer.status}`);
}

/** The whole ids of the rows that are shown. */
const ids = page => page.locator('table.members th code').evaluateAll(cells => cells.map(cell => cell.title));

test('everything of an operator can be done with the keyboard alone', async () => {
  for (const name of ['ada', 'bob']) await joins(`${name}@example.org`);
  const { page, go, seen, context } = await profile(browser, candor.origin);
  await go('/sign-in');
  await tabTo(page, 'E-mail address');
  await type(page, EMAIL);
  await tabTo(page, 'Password');
  await type(page, PASSWORD);
  await press(page);
  await tabTo(page, 'Operator');
  await press(page);
  await page.getByRole('heading', { name: 'Promises kept' }).waitFor();

  await tabTo(page, 'Members');
  await press(page);
  await tabTo(page, 'Whole e-mail address, account number or id');
  await type(page, 'ada@example.org');
  await press(page);
  assert.equal((await ids(page)).length, 1, 'one is found');
  await tabTo(page, /^Select /);
  await page.keyboard.press('Space');
  await tabTo(page, 'What to do');
  await type(page, 'Suspend');
  await tabTo(page, 'Do it');
  await press(page);
  await page.getByText('Done for 1 member.').waitFor();
  assert.equal(await page.getByText('suspended', { exact: true }).count(), 1);
  await tabTo(page, /^Tariff of /);
  // The operator's own row comes first or not: each has a tariff that can be chosen by its name.
  await type(page, 'open');
  assert.equal(await page.evaluate(() => document.activeElement.value), 'open');
  await tabTo(page, /^Change the tariff of /);
  await press(page);
  await tabTo(page, /^Erase /);
  await press(page);
  await tabTo(page, 'Your password');
  await page.goBack();

  await tabTo(page, 'Network');
  await press(page);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await tabTo(page, 'Invitations');
  await press(page);
  await tabTo(page, 'How many people');
  await page.keyboard.press('Control+A');
  await type(page, '2');
  await tabTo(page, 'Make it');
  await press(page);
  await page.locator('#made').waitFor();
  await tabTo(page, /^Withdraw /);
  await press(page);
  await tabTo(page, 'Withdraw it');
  await press(page);
  assert.equal(await page.getByRole('link', { name: /^Withdraw / }).count(), 0);
  await tabTo(page, 'Import a list of invitations');
  await press(page);
  await tabTo(page, 'Lines of the list');
  await tabTo(page, /./);

  await go('/operator');
  await tabTo(page, 'Check-up');
  await press(page);
  await page.getByRole('heading', { name: 'In order' }).waitFor();
  await tabTo(page, 'Policy');
  await press(page);
  await tabTo(page, 'Sign out');
  await press(page);
  assert.deepEqual(await context.cookies(), []);
  clean(seen, candor.origin);
  await context.close();
});

test('who is on the second page of the members is shown, found and changed like the others', async () => {
  for (let number = 0; number < OTHERS; number++) await joins(`member${number}@example.org`);
  const { page, go, seen, context } = await profile(browser, candor.origin, { viewport: { width: 360, height: 800 } });
  await signIn(page, candor.origin, EMAIL);
  await go('/operator/members');
  const total = parseInt(await page.getByRole('heading', { level: 1 }).innerText(), 10);
  assert.ok(total > ROWS, `${total} members`);
  const first = await ids(page);
  assert.equal(first.length, ROWS);
  await accessible(page, 'the first page of the members');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'wider than its window');
  assert.equal(await page.getByRole('link', { name: 'From the start' }).count(), 0);

  // With the keyboard through all of them: every stop is seen.
  await tabTo(page, 'Next page', STOPS);
  await press(page);
  const second = await ids(page);
  assert.equal(second.length, total - ROWS);
  assert.equal(new Set([...first, ...second]).size, total, 'everybody is there, and once');
  await accessible(page, 'the second page of the members');
  assert.equal(await page.getByRole('link', { name: 'Next page' }).count(), 0);

  // Somebody of the second page, chosen there: not the operator, and not stopped yet.
  const idsOf = rows => rows.locator('th code').evaluateAll(cells => cells.map(cell => cell.title));
  const suspended = page.locator('table.members tbody tr', { hasText: 'suspended' });
  const before = await idsOf(suspended);
  const free = page.locator('table.members tbody tr', { has: page.getByRole('checkbox'), hasNotText: 'suspended' });
  const [chosen] = await idsOf(free);
  await free.first().getByRole('checkbox').check();
  await page.getByLabel('What to do').selectOption('suspend');
  await page.getByRole('button', { name: 'Do it' }).click();
  await page.getByText('Done for 1 member.').waitFor();
  assert.ok(!(await idsOf(suspended)).includes(chosen), 'nobody of the first page');
  await page.getByRole('link', { name: 'Next page' }).click();
  assert.deepEqual(await ids(page), second);
  assert.deepEqual((await idsOf(suspended)).sort(), [...before, chosen].sort());
  // And found by the whole id.
  await page.getByLabel('Whole e-mail address, account number or id').fill(chosen);
  await page.getByRole('button', { name: 'Find' }).click();
  await page.getByRole('link', { name: 'Everybody' }).waitFor();
  assert.deepEqual(await ids(page), [chosen]);
  await page.getByRole('link', { name: 'Everybody' }).click();
  assert.deepEqual(await ids(page), first);
  clean(seen, candor.origin);
  await context.close();
});
