"use strict";
// Files that the user picks → compared with the pack's manifest. Everything that a file says is
// shown as text, never as markup.
const STAMPS = ["manifest.json.tsr", "manifest.json.ots"];
const CHUNK = 4 * 1024 * 1024;

// SHA-256 (FIPS 180-4), for browsers that keep theirs from pages opened as files.
class Sha256 {
  constructor() {
    this.state = Sha256.start.slice();
    this.rest = new Uint8Array(0);
    this.length = 0;
  }
  update(bytes) {
    this.length += bytes.length;
    const data = new Uint8Array(this.rest.length + bytes.length);
    data.set(this.rest);
    data.set(bytes, this.rest.length);
    const whole = data.length - data.length % 64;
    for (let at = 0; at < whole; at += 64) this.block(data, at);
    this.rest = data.slice(whole);
    return this;
  }
  hex() {
    const end = new Uint8Array((this.rest.length < 56 ? 64 : 128));
    end.set(this.rest);
    end[this.rest.length] = 0x80;
    const view = new DataView(end.buffer);
    view.setUint32(end.length - 8, Math.floor(this.length / 0x20000000));
    view.setUint32(end.length - 4, (this.length << 3) >>> 0);
    for (let at = 0; at < end.length; at += 64) this.block(end, at);
    return Array.from(this.state, word => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }
  block(data, at) {
    const w = Sha256.words, k = Sha256.constants, s = this.state;
    for (let i = 0; i < 16; i++, at += 4)
      w[i] = (data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3];
    const turn = (x, n) => (x >>> n) | (x << (32 - n));
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15], b = w[i - 2];
      w[i] = (w[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + w[i - 7]
        + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10))) | 0;
    }
    let [a, b, c, d, e, f, g, h] = s;
    for (let i = 0; i < 64; i++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { s[i] = (s[i] + value) | 0; });
  }
}
// The first bits of the roots of the first primes (FIPS 180-4, 4.2.2 and 5.3.3).
{
  const primes = [];
  for (let n = 2; primes.length < 64; n++)
    if (primes.every(prime => n % prime)) primes.push(n);
  const bits = root => ((root - Math.floor(root)) * 0x100000000) | 0;
  Sha256.constants = Int32Array.from(primes, prime => bits(Math.cbrt(prime)));
  Sha256.start = Int32Array.from(primes.slice(0, 8), prime => bits(Math.sqrt(prime)));
  Sha256.words = new Int32Array(64);
}

const native = () => globalThis.crypto && crypto.subtle && location.hash !== "#own";

async function sha256(blob) {
  if (native() && blob.size <= CHUNK * 16) {
    const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
    return Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, "0")).join("");
  }
  const hash = new Sha256();
  for (let at = 0; at < blob.size; at += CHUNK)
    hash.update(new Uint8Array(await blob.slice(at, at + CHUNK).arrayBuffer()));
  return hash.hex();
}

// A zip whose files are stored as they are → name and blob of each.
async function unzipped(blob) {
  const tail = new DataView(await blob.slice(Math.max(0, blob.size - 66000)).arrayBuffer());
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw new Error("this is no zip");
  const count = tail.getUint16(end + 10, true), size = tail.getUint32(end + 12, true);
  const start = tail.getUint32(end + 16, true);
  const list = new DataView(await blob.slice(start, start + size).arrayBuffer());
  const found = [];
  for (let i = 0, at = 0; i < count; i++) {
    if (list.getUint32(at, true) !== 0x02014b50) throw new Error("the zip's list is broken");
    const [method, length] = [list.getUint16(at + 10, true), list.getUint32(at + 20, true)];
    const sizes = [28, 30, 32].map(offset => list.getUint16(at + offset, true));
    const where = list.getUint32(at + 42, true);
    const name = new TextDecoder().decode(new Uint8Array(list.buffer, at + 46, sizes[0]));
    at += 46 + sizes[0] + sizes[1] + sizes[2];
    if (name.endsWith("/")) continue;
    if (method !== 0) throw new Error("the zip was packed anew: unpack it and choose the folder");
    const head = new DataView(await blob.slice(where, where + 30).arrayBuffer());
    const begin = where + 30 + head.getUint16(26, true) + head.getUint16(28, true);
    found.push([name, blob.slice(begin, begin + length)]);
  }
  return found;
}

async function verify(entries) {
  const manifests = entries.filter(([name]) => /(^|\/)manifest\.json$/.test(name))
    .sort((a, b) => a[0].split("/").length - b[0].split("/").length);
  if (!manifests.length) throw new Error("there is no manifest.json among these files");
  const [path, blob] = manifests[0];
  const prefix = path.slice(0, -"manifest.json".length);
  let listed;
  try {
    const manifest = JSON.parse(await blob.text());
    if (manifest.format !== 1) throw new Error("made by a newer optout");
    listed = new Map(manifest.files.map(entry => [entry.name, entry]));
    if (listed.size !== manifest.files.length) throw new Error("a name stands in it twice");
  } catch (error) {
    throw new Error("manifest.json cannot be read (" + error.message + ")");
  }
  const there = new Map(), rows = [], twice = [];
  for (const [name, one] of entries) {
    const short = name.startsWith(prefix) ? name.slice(prefix.length) : "../" + name;
    if (short === "manifest.json" && one === blob) continue;
    if (there.has(short)) twice.push(short);
    there.set(short, one);
  }
  const stamps = STAMPS.filter(name => there.delete(name));
  for (const name of [...new Set([...listed.keys(), ...there.keys()])].sort()) {
    const said = listed.get(name), file = there.get(name);
    const hash = file ? await sha256(file) : "";
    let finding = "as listed";
    if (!said) finding = "not listed";
    else if (!file) finding = "missing";
    else if (hash !== said.sha256 || file.size !== said.size) finding = "changed";
    rows.push({name, size: file ? file.size : "", hash, finding});
  }
  for (const name of twice) rows.push({name, size: "", hash: "", finding: "there twice"});
  return {rows, stamps, listed: listed.size, manifest: await sha256(blob)};
}

const by = id => document.getElementById(id);

function say(text, kind) {
  by("result").textContent = text;
  by("result").className = kind;
}

function show(found) {
  const problems = found.rows.filter(row => row.finding !== "as listed");
  say(problems.length
    ? "NOT as it was made: " + problems.length + " of the files differ from the manifest."
    : "Every file is as listed: " + found.listed + " files, none changed, missing or added.",
  problems.length ? "bad" : "good");
  for (const row of problems) {
    const item = document.createElement("li");
    item.textContent = row.name + ": " + row.finding;
    by("problems").append(item);
  }
  by("digest").textContent = "SHA-256 of manifest.json: " + found.manifest
    + (found.stamps.length ? " (time stamp beside it, not checked here: " + found.stamps.join(", ") + ")"
      : " (no time stamp beside it)");
  for (const row of found.rows) {
    const line = document.createElement("tr");
    for (const text of [row.name, row.size, row.hash, row.finding]) {
      const cell = document.createElement("td");
      cell.textContent = text;
      line.append(cell);
    }
    by("files").tBodies[0].append(line);
  }
  by("files").hidden = false;
}

async function run(gather) {
  by("problems").replaceChildren();
  by("files").tBodies[0].replaceChildren();
  by("files").hidden = true;
  by("digest").textContent = "";
  say("Comparing …", "");
  try {
    show(await verify(await gather()));
  } catch (error) {
    say("This could not be compared: " + error.message, "bad");
  }
}

async function walk(entry, path) {
  if (entry.isFile)
    return [[path + entry.name, await new Promise((done, failed) => entry.file(done, failed))]];
  const reader = entry.createReader(), found = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return found;
    for (const one of some) found.push(...await walk(one, path + entry.name + "/"));
  }
}

const ofFiles = files => files.length === 1 && /\.zip$/i.test(files[0].name)
  ? unzipped(files[0])
  : Promise.resolve(Array.from(files, file => [file.webkitRelativePath || file.name, file]));

for (const id of ["folder", "zip"])
  by(id).addEventListener("change", event => run(() => ofFiles(event.target.files)));
by("drop").addEventListener("dragover", event => {
  event.preventDefault();
  by("drop").className = "over";
});
by("drop").addEventListener("dragleave", () => { by("drop").className = ""; });
by("drop").addEventListener("drop", event => {
  event.preventDefault();
  by("drop").className = "";
  const entries = Array.from(event.dataTransfer.items, item => item.webkitGetAsEntry());
  const files = event.dataTransfer.files;
  const folders = entries.filter(entry => entry && entry.isDirectory);
  run(async () => folders.length
    ? (await Promise.all(folders.map(entry => walk(entry, "")))).flat() : ofFiles(files));
});
