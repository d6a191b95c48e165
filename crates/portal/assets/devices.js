// Makes a WireGuard key pair in the browser, so that the private key never leaves it, and shows the configuration as a
// file and as a QR code. Without this script the same form takes a public key that was made on the device.
'use strict';

const $ = id => document.getElementById(id);
const base64 = bytes => btoa(String.fromCharCode(...bytes));
const fromBase64Url = text => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));

// ---- Keys

const clamp = key => { key[0] &= 248; key[31] = key[31] & 127 | 64; return key; };

async function keyPair() {
  try {
    const pair = await crypto.subtle.generateKey({ name: 'X25519' }, true, ['deriveBits']);
    const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey);
    return { secret: clamp(fromBase64Url(jwk.d)), open: fromBase64Url(jwk.x) };
  } catch {
    const secret = clamp(crypto.getRandomValues(new Uint8Array(32)));
    return { secret, open: x25519(secret) };
  }
}

// RFC 7748, section 5, for browsers without X25519 in WebCrypto. Not constant in time: it runs once, on the machine
// that the key belongs to.
function x25519(secret) {
  const p = 2n ** 255n - 19n;
  const mod = n => (n % p + p) % p;
  const power = (base, exponent) => {
    let result = 1n;
    for (; exponent; exponent >>= 1n, base = base * base % p) if (exponent & 1n) result = result * base % p;
    return result;
  };
  let k = 0n;
  for (let i = 31; i >= 0; i--) k = k << 8n | BigInt(secret[i]);
  let x2 = 1n, z2 = 0n, x3 = 9n, z3 = 1n;
  for (let t = 254n; t >= 0n; t--) {
    const bit = k >> t & 1n;
    if (bit) [x2, x3, z2, z3] = [x3, x2, z3, z2];
    const a = mod(x2 + z2), aa = a * a % p, b = mod(x2 - z2), bb = b * b % p, e = mod(aa - bb);
    const da = mod(x3 - z3) * a % p, cb = mod(x3 + z3) * b % p;
    x3 = mod(da + cb) ** 2n % p;
    z3 = 9n * (mod(da - cb) ** 2n % p) % p;
    x2 = aa * bb % p;
    z2 = e * mod(aa + 121665n * e) % p;
    if (bit) [x2, x3, z2, z3] = [x3, x2, z3, z2];
  }
  let x = x2 * power(z2, p - 2n) % p;
  return Uint8Array.from({ length: 32 }, () => { const byte = Number(x & 255n); x >>= 8n; return byte; });
}

// ---- QR code (ISO/IEC 18004), byte mode, error correction M

// For each version 1 to 40: error correction codewords of a block, and blocks.
const ECC = [10,16,26,18,24,16,18,22,22,26,30,22,22,24,24,28,28,26,26,26,26,28,28,28,28,28,28,28,28,28,28,28,28,28,28,28,28,28,28,28];
const BLOCKS = [1,1,1,2,2,4,4,4,5,5,5,8,9,9,10,10,11,13,14,16,17,17,18,20,21,23,25,26,28,29,31,33,35,37,38,40,43,45,47,49];

const EXP = [], LOG = [];
for (let i = 0, x = 1; i < 255; i++) { EXP[i] = x; LOG[x] = i; x = x << 1 ^ (x & 128 ? 285 : 0); }
const times = (a, b) => a && b ? EXP[(LOG[a] + LOG[b]) % 255] : 0;

function modulesForData(version) {
  let bits = (16 * version + 128) * version + 64;
  if (version > 1) {
    const align = (version / 7 | 0) + 2;
    bits -= (25 * align - 10) * align - 55;
    if (version > 6) bits -= 36;
  }
  return bits;
}

function remainder(data, degree) {
  let divisor = [1];
  for (let i = 0; i < degree; i++) {
    const next = [...divisor, 0];
    divisor.forEach((c, j) => next[j + 1] ^= times(c, EXP[i]));
    divisor = next;
  }
  const rest = new Array(degree).fill(0);
  for (const byte of data) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    for (let j = 0; j < degree; j++) rest[j] ^= times(divisor[j + 1], factor);
  }
  return rest;
}

function codewords(bytes) {
  let version = 1;
  const room = v => (modulesForData(v) >> 3) - ECC[v - 1] * BLOCKS[v - 1];
  const head = v => v < 10 ? 12 : 20;
  while (version < 40 && room(version) * 8 < head(version) + bytes.length * 8) version++;
  const capacity = room(version), bits = [];
  if (capacity * 8 < head(version) + bytes.length * 8) throw new Error('too long for a QR code');
  const put = (value, length) => { for (let i = length - 1; i >= 0; i--) bits.push(value >> i & 1); };
  put(4, 4);
  put(bytes.length, head(version) - 4);
  bytes.forEach(byte => put(byte, 8));
  put(0, Math.min(4, capacity * 8 - bits.length));
  while (bits.length % 8) bits.push(0);
  for (let pad = 236; bits.length < capacity * 8; pad ^= 236 ^ 17) put(pad, 8);
  const data = [];
  for (let i = 0; i < bits.length; i += 8) data.push(parseInt(bits.slice(i, i + 8).join(''), 2));

  const blocks = BLOCKS[version - 1], ecc = ECC[version - 1], raw = modulesForData(version) >> 3;
  const short = blocks - raw % blocks, size = (raw / blocks | 0) - ecc, parts = [];
  for (let i = 0, at = 0; i < blocks; i++) {
    const part = data.slice(at, at += size + (i < short ? 0 : 1));
    parts.push({ part, check: remainder(part, ecc) });
  }
  const out = [];
  for (let i = 0; i <= size; i++) parts.forEach(({ part }) => i < part.length && out.push(part[i]));
  for (let i = 0; i < ecc; i++) parts.forEach(({ check }) => out.push(check[i]));
  return { version, out };
}

function qrModules(text) {
  const { version, out } = codewords([...new TextEncoder().encode(text)]);
  const size = version * 4 + 17;
  const dark = Array.from({ length: size }, () => new Array(size).fill(false));
  const fixed = Array.from({ length: size }, () => new Array(size).fill(false));
  const set = (x, y, value) => { if (x >= 0 && y >= 0 && x < size && y < size) { dark[y][x] = !!value; fixed[y][x] = true; } };
  for (let i = 0; i < size; i++) { set(6, i, i % 2 === 0); set(i, 6, i % 2 === 0); }
  for (const [cx, cy] of [[3, 3], [size - 4, 3], [3, size - 4]])
    for (let dy = -4; dy <= 4; dy++) for (let dx = -4; dx <= 4; dx++) {
      const ring = Math.max(Math.abs(dx), Math.abs(dy));
      set(cx + dx, cy + dy, ring !== 2 && ring !== 4);
    }
  const places = [];
  if (version > 1) {
    const count = (version / 7 | 0) + 2;
    const step = Math.floor((version * 8 + count * 3 + 5) / (count * 4 - 4)) * 2;
    for (let i = 0, at = size - 7; i < count - 1; i++, at -= step) places.unshift(at);
    places.unshift(6);
  }
  const last = places.length - 1;
  places.forEach((cx, i) => places.forEach((cy, j) => {
    if (i === 0 && j === 0 || i === 0 && j === last || i === last && j === 0) return;
    for (let dy = -2; dy <= 2; dy++) for (let dx = -2; dx <= 2; dx++)
      set(cx + dx, cy + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
  }));
  if (version > 6) {
    let rest = version;
    for (let i = 0; i < 12; i++) rest = rest << 1 ^ (rest >> 11) * 0x1F25;
    const bits = version << 12 | rest;
    for (let i = 0; i < 18; i++) {
      const a = size - 11 + i % 3, b = i / 3 | 0;
      set(a, b, bits >> i & 1);
      set(b, a, bits >> i & 1);
    }
  }
  const format = mask => {
    // Level M is 0 in the two highest bits.
    let rest = mask;
    for (let i = 0; i < 10; i++) rest = rest << 1 ^ (rest >> 9) * 0x537;
    const bits = (mask << 10 | rest) ^ 0x5412, bit = i => bits >> i & 1;
    for (let i = 0; i < 6; i++) set(8, i, bit(i));
    set(8, 7, bit(6)); set(8, 8, bit(7)); set(7, 8, bit(8));
    for (let i = 9; i < 15; i++) set(14 - i, 8, bit(i));
    for (let i = 0; i < 8; i++) set(size - 1 - i, 8, bit(i));
    for (let i = 8; i < 15; i++) set(8, size - 15 + i, bit(i));
    set(8, size - 8, true);
  };
  format(0);
  let at = 0;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    for (let n = 0; n < size; n++) for (let j = 0; j < 2; j++) {
      const x = right - j, y = (right + 1 & 2) === 0 ? size - 1 - n : n;
      if (!fixed[y][x] && at < out.length * 8) { dark[y][x] = !!(out[at >> 3] >> (7 - (at & 7)) & 1); at++; }
    }
  }
  const masks = [(x, y) => (x + y) % 2, (x, y) => y % 2, x => x % 3, (x, y) => (x + y) % 3,
    (x, y) => ((x / 3 | 0) + (y >> 1)) % 2, (x, y) => x * y % 2 + x * y % 3,
    (x, y) => (x * y % 2 + x * y % 3) % 2, (x, y) => ((x + y) % 2 + x * y % 3) % 2];
  const flip = mask => dark.forEach((row, y) => row.forEach((_, x) => { if (!fixed[y][x] && masks[mask](x, y) === 0) row[x] = !row[x]; }));
  let best = 0, least = Infinity;
  for (let mask = 0; mask < 8; mask++) {
    flip(mask); format(mask);
    const cost = penalty(dark);
    if (cost < least) [best, least] = [mask, cost];
    flip(mask);
  }
  flip(best); format(best);
  return dark;
}

function penalty(dark) {
  const size = dark.length;
  let cost = 0, total = 0;
  const line = cells => {
    const text = cells.map(cell => cell ? '1' : '0').join('');
    for (const run of text.match(/0{5,}|1{5,}/g) || []) cost += run.length - 2;
    for (let i = 0; i + 11 <= size; i++) {
      const part = text.slice(i, i + 11);
      if (part === '10111010000' || part === '00001011101') cost += 40;
    }
  };
  for (let i = 0; i < size; i++) { line(dark[i]); line(dark.map(row => row[i])); }
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) {
    total += dark[y][x];
    if (y && x && dark[y][x] === dark[y - 1][x] && dark[y][x] === dark[y][x - 1] && dark[y][x] === dark[y - 1][x - 1]) cost += 3;
  }
  return cost + 10 * (Math.ceil(Math.abs(total * 20 - size * size * 10) / (size * size)) - 1);
}

function qrPicture(text) {
  const dark = qrModules(text), size = dark.length + 8, room = Math.min(document.querySelector('main').clientWidth - 40, 420), name = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(name, 'svg'), path = document.createElementNS(name, 'path');
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
  // A whole number of pixels for each module, so that all have one size.
  svg.setAttribute('width', size * Math.max(2, Math.floor(room / size)));
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', $('qr').dataset.label);
  svg.setAttribute('shape-rendering', 'crispEdges');
  path.setAttribute('d', dark.flatMap((row, y) => row.map((on, x) => on ? `M${x + 4} ${y + 4}h1v1h-1z` : '')).join(''));
  path.setAttribute('fill', '#000');
  svg.append(path);
  return svg;
}

// ---- The page

function arrange() {
  const form = $('add-device');
  if (!form) return;
  const own = $('own-key'), input = $('public_key');
  document.querySelectorAll('.scripted').forEach(part => part.hidden = false);
  own.open = !!input.value;
  input.required = false;
  form.addEventListener('submit', event => {
    // Somebody who brings a public key has made the pair elsewhere: the form goes its plain way.
    if (input.value.trim()) return;
    event.preventDefault();
    add(form, input);
  });
}

async function add(form, input) {
  const button = form.querySelector('button');
  button.disabled = true;
  try {
    const pair = await keyPair();
    const body = new URLSearchParams(new FormData(form));
    body.set('public_key', base64(pair.open));
    const answer = await fetch(form.action, { method: 'POST', body, credentials: 'same-origin' });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const main = page.querySelector('main');
    document.querySelector('main').replaceWith(main);
    document.title = page.title;
    // An error page shows the form again; the key that was made for nothing is not shown with it.
    if ($('public_key')) $('public_key').value = '';
    show(base64(pair.secret));
    arrange();
    ($('label')?.closest('.field-wrong') ? $('label') : main).focus();
    scrollTo(0, 0);
  } catch {
    button.disabled = false;
    input.required = true;
    $('own-key').open = true;
    input.focus();
  }
}

function show(secret) {
  const pre = $('configuration');
  if (!pre) return;
  const text = pre.textContent.replace(pre.dataset.place, secret);
  pre.textContent = text;
  document.querySelectorAll('.scripted').forEach(part => part.hidden = false);
  document.querySelectorAll('.unscripted').forEach(part => part.hidden = true);
  const save = $('save');
  save.href = URL.createObjectURL(new Blob([text], { type: 'application/octet-stream' }));
  save.download = pre.dataset.file;
  $('qr').append(qrPicture(text));
}

arrange();
