// Assertions that every test makes.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import jsqr from 'jsqr';
import { PNG } from 'pngjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Nothing serious or critical by axe-core. The content security policy forbids a script tag, so it is evaluated. */
export async function accessible(page, where) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const told = grave.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' | ')}`);
  assert.deepEqual(told, [], `${where} is not accessible`);
}

/** Every request went to the provider, the console stayed silent, and the cookie is the declared one. */
export function clean(seen, origin, { cookie = '__Host-sid' } = {}) {
  const own = url => url.startsWith(`${origin}/`) || url.startsWith('blob:') || url.startsWith('data:');
  assert.deepEqual(seen.requests.filter(({ url }) => !own(url)), [], 'a request went to somebody else');
  assert.deepEqual(seen.errors, [], 'the console has errors');
  for (const line of seen.cookies.flatMap(lines => lines.split('\n'))) {
    assert.match(line, new RegExp(`^${cookie}=[0-9a-f]*; Path=/; Secure; HttpOnly; SameSite=Lax(; Max-Age=0)?$`));
    if (!line.endsWith('Max-Age=0')) assert.doesNotMatch(line, /expires|max-age/i, 'the cookie ends with the browser');
  }
}

/** What a QR code on the page says, read from its pixels by a decoder that is not ours. */
export async function readCode(locator) {
  const { data, width, height } = PNG.sync.read(await locator.screenshot());
  const code = jsqr(new Uint8ClampedArray(data), width, height);
  assert.ok(code, 'no QR code can be read');
  return new TextDecoder().decode(new Uint8Array(code.binaryData));
}
