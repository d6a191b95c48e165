// A running provider for one test file: the real binary, a temporary folder, a free port.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';

const BINARY = resolve(process.env.CANDOR_BIN ?? join(import.meta.dirname, '../target/debug/candor'));
const CHROMIUM = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';
// A start takes under a second; the limit is for a machine that compiles beside it.
const START_MILLISECONDS = 60_000;

export const PASSWORD = 'three small words';

/** Starts `candor serve`; `policy` is a file, or nothing for the built-in one. */
export async function serve({ policy } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'candor-e2e-'));
  const [local, tls, vpn] = [await freePort(), await freePort(), await freeUdpPort()];
  const lines = [
    `data = ${JSON.stringify(join(folder, 'data'))}`,
    ...(policy ? [`policy = ${JSON.stringify(resolve(policy))}`] : []),
    '[site]',
    `local_port = ${local}`,
    `tls = "127.0.0.1:${tls}"`,
    'names = ["localhost"]',
    '[vpn]',
    `port = ${vpn}`,
    'endpoint = "vpn.example.org"',
    // Nothing of the machine's own network is touched.
    'path = "user"',
    `interface = "cne${process.pid % 100000}"`,
    '[[tariff]]', 'name = "family"', 'quota_gib = 50', 'devices = 5',
    '[[tariff]]', 'name = "open"', 'devices = 50',
  ];
  const config = join(folder, 'candor.toml');
  await writeFile(config, lines.join('\n') + '\n');
  const child = spawn(BINARY, ['serve', '--config', config], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  const setUp = new Promise((found, failed) => {
    const read = data => {
      printed += data;
      const match = printed.match(/http:\/\/localhost:\d+\/set-up\/[0-9a-f]+/);
      if (match) found(match[0]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('error', failed);
    child.on('exit', code => failed(new Error(`candor ended with ${code}:\n${printed}`)));
    setTimeout(() => failed(new Error(`candor printed no set-up link:\n${printed}`)), START_MILLISECONDS).unref();
  });
  const stop = async () => {
    if (child.exitCode === null) {
      const ended = new Promise(done => child.once('exit', done));
      child.kill('SIGTERM');
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { origin: `http://localhost:${local}`, tlsOrigin: `https://localhost:${tls}`, setUp: await setUp, folder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function freePort() {
  return new Promise((found, failed) => {
    const server = createServer().once('error', failed);
    server.listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => found(port)); });
  });
}

function freeUdpPort() {
  return new Promise((found, failed) => {
    const socket = createSocket('udp4').once('error', failed);
    socket.bind(0, () => { const { port } = socket.address(); socket.close(() => found(port)); });
  });
}

/** Debian's Chromium. */
export const launch = () => chromium.launch({
  executablePath: CHROMIUM,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});

/**
 * A fresh browser profile that writes down what must never happen: requests to others, errors in the console, cookies
 * that are not declared.
 */
export async function profile(browser, origin, options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  const seen = { requests: [], errors: [], cookies: [] };
  context.on('request', request => seen.requests.push({ url: request.url(), method: request.method(), body: request.postData() ?? '' }));
  context.on('response', async response => {
    const line = (await response.allHeaders().catch(() => ({})))['set-cookie'];
    if (line) seen.cookies.push(line);
  });
  const page = await context.newPage();
  page.on('console', message => {
    // A form with a mistake is answered with 422, which Chromium writes down as an error.
    if (message.type() === 'error' && !/status of (422|403|404)/.test(message.text())) seen.errors.push(message.text());
  });
  page.on('pageerror', error => seen.errors.push(String(error)));
  page.setDefaultTimeout(20_000);
  return { context, page, seen, go: path => page.goto(new URL(path, origin).href) };
}

/** Fills in the join form, or the set-up's, which is the same. */
export async function join_(page, email) {
  const age = page.getByLabel('How old are you?');
  if (await age.count()) await age.fill('30');
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByLabel(/I accept/).check();
  await page.locator('main form button[type=submit]').click();
  await page.locator('#recovery-code').waitFor();
  return page.locator('#recovery-code').innerText();
}

export async function signIn(page, origin, email) {
  await page.goto(`${origin}/sign-in`);
  await page.getByLabel('E-mail address').fill(email);
  const password = page.getByLabel('Password', { exact: true });
  await password.fill(PASSWORD);
  // The other form of the page takes an account number.
  await page.locator('main form', { has: password }).locator('button[type=submit]').click();
  await page.waitForURL(`${origin}/home`);
}
