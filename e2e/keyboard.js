// What a hand on the keyboard does, and what an eye must see of it.

import assert from 'node:assert/strict';

// No page of a member has more stops than this.
const STOPS = 60;

/** The focused element: what it is called, and whether the eye finds it. */
export const focused = page => page.evaluate(() => {
  const element = document.activeElement;
  const style = getComputedStyle(element), box = element.getBoundingClientRect();
  return {
    id: element.id,
    words: (element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent).trim(),
    seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && box.width > 0 && box.right > 0 && box.bottom > 0,
  };
});

/** Tab by tab to what is called so; every stop on the way is visible, and none is met twice. */
export async function tabTo(page, words, stops = STOPS) {
  const met = [];
  for (let stop = 0; stop < stops; stop++) {
    await page.keyboard.press('Tab');
    const found = await focused(page);
    assert.ok(found.seen, `${new URL(page.url()).pathname}: the focus on “${found.words}” cannot be seen`);
    if (typeof words === 'string' ? found.words === words : words.test(found.words)) return met;
    met.push(found.words);
  }
  assert.fail(`${words} cannot be reached; met: ${met.join(' | ')}`);
}

export const type = (page, text) => page.keyboard.type(text);

export async function press(page, key = 'Enter') {
  await Promise.all([page.waitForEvent('framenavigated'), page.keyboard.press(key)]);
  await page.waitForLoadState();
}
