// The language is the browser's, or the one that the visitor chose, without a cookie for it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { clean } from './checks.js';
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

const language = page => page.evaluate(() => document.documentElement.lang);

test('a German browser is spoken to in German, and may ask for English', async () => {
  const { page, go, seen, context } = await profile(browser, candor.origin, { locale: 'de-AT' });
  await go('/');
  assert.equal(await language(page), 'de');
  await page.getByRole('link', { name: 'English' }).click();
  await page.waitForURL(`${candor.origin}/en/`);
  assert.equal(await language(page), 'en');
  await page.getByRole('main').getByRole('link', { name: 'Join' }).click();
  assert.equal(new URL(page.url()).pathname, '/en/join');
  assert.deepEqual(await context.cookies(), []);
  clean(seen, candor.origin);
  await context.close();
});

test('a member joins, adds a device and leaves in German, with script', async () => {
  const { page, go, seen, context } = await profile(browser, candor.origin);
  await go('/de/join');
  await page.getByLabel('Wie alt sind Sie?').fill('30');
  await page.getByLabel('E-Mail-Adresse').fill('ada@example.org');
  await page.getByLabel('Passwort', { exact: true }).fill(PASSWORD);
  await page.getByLabel(/Ich stimme/).check();
  await page.getByRole('button', { name: 'Mitglied werden' }).click();
  await page.getByRole('link', { name: 'Ich habe ihn aufgeschrieben' }).click();
  assert.equal(new URL(page.url()).pathname, '/de/home');
  await go('/de/devices');
  await page.getByLabel('Name des Geräts').fill('Gerät');
  await page.getByRole('button', { name: 'Gerät hinzufügen' }).click();
  await page.locator('#qr svg').waitFor();
  assert.equal(await page.locator('#qr svg').getAttribute('aria-label'), 'QR-Code der Konfiguration');
  assert.equal(await language(page), 'de');
  await page.getByRole('link', { name: 'Alle Geräte' }).click();
  await page.getByRole('link', { name: 'Gerät entfernen' }).click();
  await page.getByRole('button', { name: 'Entfernen' }).click();
  await page.getByText('Noch keine.').waitFor();
  await go('/de/me/erase');
  await page.getByLabel('Tippen Sie das Wort löschen ein').fill('löschen');
  await page.getByLabel('Ihr Passwort').fill(PASSWORD);
  await page.getByRole('button', { name: 'Jetzt alles löschen' }).click();
  await page.getByRole('heading', { name: 'Über Sie ist nichts mehr gespeichert' }).waitFor();
  assert.equal(await language(page), 'de');
  clean(seen, candor.origin);
  await context.close();
});
