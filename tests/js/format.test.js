// Formatted text as the composer has it (static/chats/logic/format.js): the model, undo, what is pasted and copied.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hasText, isCaption, longest } from "../../static/chats/logic/captions.js";
import { fromDocument, inert, toHtml } from "../../static/chats/logic/clipboard.js";
import { bare, cleaned, covered, editable, isAll, linkOf, overloaded, plain, replaced, same, tidy, toggled, withSpan } from "../../static/chats/logic/format.js";
import { Undo } from "../../static/chats/logic/undo.js";

const span = (kind, offset, length, extra) => ({ kind, offset, length, ...(extra ? { extra } : {}) });
const rich = (text, ...entities) => ({ text, entities });
/** Each span with the text that it covers. */
const shown = ({ text, entities }) => entities.map((one) => [one.kind, text.slice(one.offset, one.offset + one.length), ...(one.extra ? [one.extra] : [])]);

test("spans lie in the text, on whole characters, and the same ones side by side are one", () => {
  assert.deepEqual(shown(tidy(rich("a😀b", span("bold", 2, 1), span("italic", -2, 9), span("bold", 3, 50), span("code", 9, 1)))), [["italic", "a😀b"], ["bold", "😀b"]]);
  assert.deepEqual(shown(tidy(rich("abcd", span("bold", 0, 2), span("bold", 2, 2), span("text_url", 0, 2, "u"), span("text_url", 2, 2, "u")))), [
    ["bold", "abcd"], ["text_url", "ab", "u"], ["text_url", "cd", "u"],
  ]);
});

test("what is sent is trimmed, and its spans move along", () => {
  const sent = cleaned(rich(" \r\na\u0000b\ud83d 😀 ", span("bold", 3, 3), span("italic", 7, 3), span("code", 0, 2)));
  assert.equal(sent.text, "ab 😀");
  assert.deepEqual(shown(sent), [["bold", "ab"], ["italic", " 😀"]]);
});

test("typing and deleting within and around a span", () => {
  const it = rich("one two three", span("bold", 4, 3));
  assert.deepEqual(shown(replaced(it, 5, 6, plain("ww"))), [["bold", "twwo"]]);
  assert.deepEqual(shown(replaced(it, 4, 4, plain("x"))), [["bold", "two"]], "in front of it");
  assert.deepEqual(shown(replaced(it, 7, 7, plain("x"))), [["bold", "two"]], "behind it");
  assert.deepEqual(shown(replaced(it, 7, 7, plain("x"), true)), [["bold", "twox"]], "behind it, as letters are typed");
  assert.deepEqual(shown(replaced(it, 2, 5, plain(""))), [["bold", "wo"]]);
  assert.deepEqual(shown(replaced(it, 0, 13, plain("new"))), []);
  assert.deepEqual(shown(replaced(it, 3, 3, rich(" big", span("italic", 1, 3)))), [["italic", "big"], ["bold", "two"]]);
});

test("formatting goes on and off", () => {
  let it = toggled(plain("one two three"), "bold", 4, 7);
  assert.deepEqual(shown(it), [["bold", "two"]]);
  it = toggled(it, "bold", 0, 13);
  assert.deepEqual(shown(it), [["bold", "one two three"]]);
  it = toggled(it, "bold", 4, 7);
  assert.deepEqual(shown(it), [["bold", "one "], ["bold", " three"]]);
  assert.equal(isAll(it, "bold", 0, 4), true);
  assert.equal(isAll(it, "bold", 0, 5), false);
  assert.deepEqual(shown(bare(it, 0, 13)), []);
  assert.deepEqual(toggled(it, "italic", 3, 3), it);
});

test("code holds no other formatting; of several lines it is a block", () => {
  const it = rich("abcdef", span("bold", 0, 6), span("text_url", 1, 2, "https://a.example"));
  assert.deepEqual(shown(toggled(it, "code", 2, 4)), [["bold", "ab"], ["text_url", "b", "https://a.example"], ["code", "cd"], ["bold", "ef"]]);
  assert.deepEqual(shown(toggled(plain("a\nb"), "code", 0, 3)), [["pre", "a\nb"]]);
  assert.deepEqual(shown(toggled(toggled(plain("a\nb"), "code", 0, 3), "code", 0, 3)), []);
  assert.deepEqual(shown(toggled(rich("abc", span("code", 0, 3)), "bold", 1, 2)), [["code", "a"], ["bold", "b"], ["code", "c"]]);
});

test("a quote is of whole lines", () => {
  const it = toggled(plain("one\ntwo\nthree"), "blockquote", 5, 5);
  assert.deepEqual(shown(it), [["blockquote", "two"]]);
  assert.deepEqual(shown(toggled(it, "blockquote", 5, 6)), []);
  assert.deepEqual(shown(toggled(plain("one\ntwo"), "blockquote", 1, 5)), [["blockquote", "one\ntwo"]]);
});

test("addresses that a link may have", () => {
  for (const [typed, kind, extra] of [
    ["https://example.org/a", "text_url", "https://example.org/a"], [" example.org ", "text_url", "https://example.org"],
    ["tg://resolve?domain=x", "text_url", "tg://resolve?domain=x"], ["tg://user?id=42", "mention_name", "42"],
    ["localhost:8000/x", "text_url", "https://localhost:8000/x"],
  ]) assert.deepEqual(linkOf(typed), { kind, extra }, typed);
  for (const typed of ["", "word", "javascript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "two words.example", "https://", `https://a.example/${"x".repeat(2048)}`]) {
    assert.equal(linkOf(typed), null, typed);
  }
  assert.deepEqual(shown(withSpan(rich("abc", span("text_url", 0, 3, "a")), span("text_url", 1, 1, "b"))), [["text_url", "a", "a"], ["text_url", "b", "b"], ["text_url", "c", "a"]]);
});

test("an edit without a change is none, whatever Telegram found in the text by itself", () => {
  const message = { text: "Go to example.org now", entities: [span("url", 6, 11), span("bold", 0, 2), span("bold", 2, 4), span("hashtag", 0, 2)] };
  assert.deepEqual(shown(editable(message)), [["bold", "Go to "]]);
  assert.equal(same(editable(message), rich(message.text, span("bold", 0, 6))), true);
  assert.equal(same(editable(message), rich(message.text, span("bold", 0, 5))), false);
  assert.equal(same(rich("abc", span("text_url", 0, 3, "a")), rich("abc", span("text_url", 0, 3, "b"))), false);
  assert.equal(same(rich("abcd", span("bold", 0, 3), span("italic", 1, 3)), rich("abcd", span("italic", 3, 1), span("bold", 0, 3), span("italic", 1, 2))), true);
});

test("too much formatting is said before it is sent", () => {
  assert.equal(overloaded([span("bold", 0, 1)]), "");
  assert.match(overloaded(Array.from({ length: 101 }, (_, n) => span("bold", 2 * n, 1))), /101 of 100/);
  assert.match(overloaded(Array.from({ length: 50 }, (_, n) => span("text_url", n, 1, `https://example.org/${"x".repeat(1000)}`))), /addresses/);
});

test("captions and texts with a preview can be edited; what has no text cannot", () => {
  for (const kind of ["photo", "video", "document", "voice", "audio", "gif", "web_page"]) assert.equal(hasText({ media: { kind }, service: null }), true, kind);
  for (const kind of ["sticker", "video_note", "poll", "contact", "location", "dice"]) assert.equal(hasText({ media: { kind }, service: null }), false, kind);
  assert.equal(hasText({ media: null, service: { kind: "chat_create" } }), false);
  assert.equal(isCaption({ media: { kind: "web_page" } }), false);
  assert.deepEqual([longest({ text: "a", media: { kind: "photo" } }), longest(null), longest({ text: "x".repeat(2000), media: { kind: "photo" } })], [1024, 4096, 4096]);
});

test("undo takes words back, redo brings them again", () => {
  const at = (text) => ({ rich: plain(text), start: text.length, end: text.length });
  const undo = new Undo(at(""));
  for (const text of ["o", "on", "one", "one ", "one t", "one tw"]) undo.note(at(text), "insertText");
  undo.note(at("ONE"), "");
  assert.deepEqual([undo.undo(), undo.undo(), undo.undo(), undo.undo()].map((one) => one?.rich.text), ["one tw", "one", "", undefined]);
  assert.deepEqual([undo.redo(), undo.redo(), undo.redo(), undo.redo()].map((one) => one?.rich.text), ["one", "one tw", "ONE", undefined]);
  undo.reset(at("other"));
  assert.equal(undo.undo(), null);
});

/** A document's node without a document. */
const text = (nodeValue) => ({ nodeType: 3, nodeName: "#text", nodeValue, childNodes: [] });
const el = (nodeName, attributes, ...children) => ({
  nodeType: 1, nodeName, nodeValue: null, getAttribute: (name) => attributes[name] ?? null,
  childNodes: children.map((one) => (typeof one === "string" ? text(one) : one)),
});

test("of what others put on the clipboard, Telegram's formatting is kept", () => {
  const body = el("BODY", {}, "\n  ", el("H1", {}, "Title"), el("P", { "data-style": "color:red" }, "Some ", el("B", {}, "bold"), "\n   and ", el("A", { href: "https://example.org/x" }, el("EM", {}, "link")), "."),
    el("SCRIPT", {}, "alert(1)"), el("P", {}, el("A", { href: "javascript:alert(1)" }, "bad"), " ", el("IMG", { src: "x" }), el("SPAN", { "data-style": "font-weight:700; text-decoration: line-through" }, "styled")),
    el("UL", {}, el("LI", {}, "one"), el("LI", {}, "two")), el("PRE", {}, "a\n  b"), el("P", {}, el("A", { href: "https://example.org/" }, "example.org")));
  const found = fromDocument(body);
  assert.equal(found.text, "Title\nSome bold and link.\nbad styled\n• one\n• two\na\n  b\nexample.org");
  assert.deepEqual(shown(found), [["bold", "bold"], ["italic", "link"], ["text_url", "link", "https://example.org/x"], ["bold", "styled"], ["strike", "styled"], ["pre", "a\n  b"]]);
});

test("styles of a foreign document are read, and never applied", () => {
  assert.equal(inert('<p class=a style="color:red" >a style="b"</p><STYLE>p {}</STYLE><b id="x"style=y OnClick = "a">'), '<p class=a  data-style="color:red" >a style="b"</p><b id="x" data-style=y  data-OnClick= "a">');
  assert.equal(inert("<style>p {"), "");
});

test("what this page copied comes back as it was", () => {
  const found = fromDocument(el("BODY", {}, el("SPAN", { "data-kind": "spoiler", "data-style": "white-space: pre-wrap" }, "a  b\nc"), el("SPAN", { "data-kind": "mention_name", "data-extra": "77" }, "Anna"),
    el("SPAN", { "data-kind": "text_url", "data-extra": "javascript:alert(1)" }, "x"), el("SPAN", { "data-kind": "custom_emoji", "data-extra": "x y" }, "🙂")));
  assert.deepEqual(shown(found), [["spoiler", "a  b\nc"], ["mention_name", "Anna", "77"]]);
});

test("a document that nests without end is followed so far", () => {
  let deep = el("B", {}, "x");
  for (let n = 0; n < 5000; n += 1) deep = el("B", {}, deep);
  assert.equal(fromDocument(el("BODY", {}, deep)).text, "");
});

test("for other programs every character is escaped", () => {
  const it = rich('<b>&"x"\ny', span("bold", 0, 3), span("text_url", 3, 1, 'https://a.example/"><script>'), span("italic", 7, 2));
  assert.equal(toHtml(it), '<b>&lt;b&gt;</b><a href="https://a.example/&quot;&gt;&lt;script&gt;">&amp;</a>&quot;x&quot;<i><br>y</i>');
});

test("where a text is shown without its formatting, what a spoiler hides is covered", () => {
  assert.equal(covered(rich("He dies 🙂 at 5", span("bold", 0, 3), span("spoiler", 8, 6))), "He dies ▒ ▒▒ 5");
  assert.equal(covered({ text: "plain" }), "plain");
});
