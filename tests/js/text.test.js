import assert from "node:assert/strict";
import { test } from "node:test";
import { media, service } from "../../static/chats/logic/names.js";
import { DEPTH, clean, colour, initials, mailUrl, phoneUrl, refusal, safeUrl, tree } from "../../static/chats/logic/text.js";

test("clean takes out what the server takes out", () => {
  assert.equal(clean("  a\r\nb\rc\td\u0000\u0007\u007f\u0085 "), "a\nb\nc\td");
  assert.equal(clean("lone \ud800 and \udc00 but 😀"), "lone  and  but 😀");
});

test("refusal counts UTF-16 units", () => {
  assert.equal(refusal("😀".repeat(2048)), "");
  assert.match(refusal("😀".repeat(2048) + "a"), /4,097 of 4,096/);
  assert.match(refusal("x".repeat(1e6)), /1,000,000 of 4,096/);
  assert.notEqual(refusal(""), "");
});

test("only http and https become links", () => {
  assert.equal(safeUrl("https://example.org/a"), "https://example.org/a");
  assert.equal(safeUrl("example.org/a"), "https://example.org/a");
  assert.equal(safeUrl("example.org:8080/a"), "https://example.org:8080/a");
  for (const bad of [
    "javascript:alert(1)", " JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd",
    "tg://resolve?domain=x", "https://", "", "blob:https://x/y",
  ]) assert.equal(safeUrl(bad)?.startsWith("javascript") ?? false, false, bad);
  for (const bad of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "tg://x", ""]) assert.equal(safeUrl(bad), null, bad);
});

/** The tree as text with brackets. */
const shape = (nodes) => nodes.map((n) => (typeof n === "string" ? n : `[${n.kind}:${shape(n.children)}]`)).join("");

test("entities nest", () => {
  assert.equal(
    shape(tree("one two three", [{ kind: "bold", offset: 0, length: 7 }, { kind: "italic", offset: 4, length: 3 }])),
    "[bold:one [italic:two]] three",
  );
});

test("entities that cross, overlap the ends or are nonsense lose nothing of the text", () => {
  const text = "abc 😀 def";
  const cases = [
    [{ kind: "bold", offset: 0, length: 6 }, { kind: "italic", offset: 4, length: 6 }],
    [{ kind: "bold", offset: -5, length: 1e9 }],
    [{ kind: "bold", offset: 3, length: 0 }, { kind: "code", offset: 400, length: 3 }, { kind: "x", offset: NaN, length: 2 }],
    [{ kind: "a", offset: 0, length: 3 }, { kind: "b", offset: 0, length: 3 }, { kind: "c", offset: 0, length: 10 }],
  ];
  const flat = (nodes) => nodes.map((n) => (typeof n === "string" ? n : flat(n.children))).join("");
  for (const entities of cases) assert.equal(flat(tree(text, entities)), text);
});

test("offsets are UTF-16 units", () => {
  assert.equal(shape(tree("😀 bold", [{ kind: "bold", offset: 3, length: 4 }])), "😀 [bold:bold]");
});

test("initials and colours", () => {
  assert.equal(initials("Launch partners"), "LP");
  assert.equal(initials("anna"), "AN");
  assert.equal(initials("مريم الحسن"), "ما");
  assert.equal(initials("  "), "?");
  assert.equal(initials("🦊 fox"), "FO");
  assert.equal(initials("🦊"), "🦊");
  for (const id of [1, -1_000_000_000_005, 0, 7]) assert.ok(colour(id) >= 1 && colour(id) <= 7);
});

/** How deep a tree is, without recursion. */
function depth(nodes) {
  let [level, most] = [nodes.filter((n) => typeof n !== "string"), 0];
  for (; level.length; most += 1) level = level.flatMap((n) => n.children).filter((n) => typeof n !== "string");
  return most;
}

const flat = (nodes) => nodes.map((n) => (typeof n === "string" ? n : flat(n.children))).join("");
const COUNT = 10_000;
const times = (make) => Array.from({ length: COUNT }, (_, i) => make(i));

/** Held to milliseconds when the machine is ours alone (tests/js/test_js.py); the best of some runs counts. */
function quick(milliseconds, work) {
  if (!process.env.ALONE) return work();
  const took = Math.min(...Array.from({ length: 5 }, () => {
    const began = performance.now();
    work();
    return performance.now() - began;
  }));
  assert.ok(took < milliseconds, `${took} ms`);
}

/** Every shape of too much; none may lose text, nest deeper than is drawn, or take long. */
const TOO_MUCH = {
  nested: ["y".repeat(2 * COUNT), times((i) => ({ kind: "bold", offset: i, length: 2 * (COUNT - i) }))],
  "nested, the innermost first": ["y".repeat(2 * COUNT), times((i) => ({ kind: "bold", offset: COUNT - i, length: 2 * i + 1 }))],
  "all the same": ["y".repeat(COUNT), times(() => ({ kind: "bold", offset: 0, length: COUNT }))],
  overlapping: ["y".repeat(2 * COUNT), times((i) => ({ kind: "italic", offset: i, length: 100 }))],
  "beside each other": ["y".repeat(COUNT), times((i) => ({ kind: "code", offset: i, length: 1 }))],
  links: ["https://e.org ".repeat(COUNT), times((i) => ({ kind: "url", offset: 14 * i, length: 13 }))],
  "a long text": ["x😀".repeat(350_000), times((i) => ({ kind: "bold", offset: 100 * i, length: 5000 }))],
  nonsense: ["y".repeat(100), times((i) => ({ kind: i, offset: [-(2 ** 31), NaN, Infinity, "1", null, 2 ** 53][i % 6], length: i % 2 ? 2 ** 31 - 1 : -5 }))],
};

for (const [name, [text, entities]] of Object.entries(TOO_MUCH)) {
  test(`too much: ${name}`, () => {
    const made = tree(text, entities);
    assert.equal(flat(made), text);
    assert.ok(depth(made) <= DEPTH);
    quick(50, () => tree(text, entities));
  });
}

test("entities that are none are left out", () => {
  for (const wrong of [{ kind: "bold" }, null, "bold", 5]) assert.deepEqual(tree("abc", wrong), ["abc"]);
  assert.deepEqual(tree("abc", [null, 5, "x", {}, { kind: "bold", offset: "0", length: 1 }]), ["abc"]);
  assert.equal(shape(tree("abc", [{ offset: 0, length: 1, extra: { a: 1 } }])), "[undefined:a]bc");
});

test("no text of any length is slow to be judged", () => {
  for (const long of ["a".repeat(1e6), "a:".repeat(5e5), ":1".repeat(5e5), "\ud800".repeat(1e6), " ".repeat(1e6)]) {
    quick(50, () => safeUrl(long));
    quick(50, () => tree(long, [{ kind: "url", offset: 0, length: long.length }]));
    quick(500, () => refusal(clean(long)));
  }
  assert.equal(safeUrl(`https://e.org/${"x".repeat(10_000)}`), null);
});

test("media and service messages of any kind have words", () => {
  for (const kind of ["constructor", "__proto__", "toString", "", undefined, null, 5, {}]) {
    assert.equal(media({ kind }).word, "Attachment");
    assert.equal(typeof service({ kind }, "Ann"), "string");
  }
});

test("an email address and a phone number are links, and nothing else is", () => {
  assert.equal(mailUrl("anna@example.org"), "mailto:anna@example.org");
  for (const bad of ["anna", "a@b?subject=x", "a@b@c", "javascript:x@y", "a b@c", "<a@b>"]) assert.equal(mailUrl(bad), null, bad);
  assert.equal(phoneUrl("+49 (151) 234-567"), "tel:+49151234567");
  assert.equal(phoneUrl("0151 234567"), "tel:0151234567");
  for (const bad of ["", "call me", "+", "1;ext=2", "tel:1"]) assert.equal(phoneUrl(bad), null, bad);
});
