package ws

import (
	"fmt"
	"strings"
)

// sampleText has characters of one to four bytes.
const sampleText = "aé한😀"

func validTextCases() (all []conformanceCase) {
	for name, text := range map[string]string{
		"U+0000": "\x00", "U+007F": "\x7f", "U+0080": "\u0080", "U+07FF": "\u07ff", "U+0800": "\u0800", "U+D7FF": "\ud7ff", "U+E000": "\ue000",
		"U+FFFD": "\ufffd", "U+FFFE": "\ufffe", "U+FFFF": "\uffff", "U+10000": "\U00010000", "U+10FFFF": "\U0010ffff", "byte order mark": "\ufeff",
		"Korean, Chinese and signs": "청란시 솔라 青兰 ☕😀", "all lengths": sampleText,
	} {
		all = append(all, one("valid "+name, frame(0x81, text), "text "+text), one("valid "+name+" between others", frame(0x81, "a"+text+"b"), "text a"+text+"b"))
	}
	for i := range len(sampleText) + 1 {
		parts := fragments(1, sampleText[:i], sampleText[i:])
		all = append(all, conformanceCase{name: fmt.Sprintf("cut after byte %d", i), send: parts, want: []string{"text " + sampleText}},
			conformanceCase{name: fmt.Sprintf("cut after byte %d by a ping", i), send: between(parts, frame(0x89, "한")), want: []string{"pong 한", "text " + sampleText}})
	}
	return section("8.1", append(all,
		conformanceCase{name: "a fragment for each byte", send: fragments(1, strings.Split(sampleText, "")...), want: []string{"text " + sampleText}},
		conformanceCase{name: "binary that is not UTF-8", send: []string{frame(0x82, "a\xff\xed\xa0\x80")}, got: []string{"binary a\xff\xed\xa0\x80"}},
		conformanceCase{name: "binary that ends inside a character", send: fragments(2, "a\xea", "\xb0"), got: []string{"binary a\xea\xb0"}},
		one("ping that is not UTF-8", frame(0x89, "\xff\xfe"), "pong \xff\xfe"),
	)...)
}

func invalidTextCases() (all []conformanceCase) {
	for name, text := range map[string]string{
		"continuation byte": "\x80", "last continuation byte": "\xbf", "two continuation bytes": "\x80\xbf",
		"start of two bytes": "\xc3", "start of three bytes": "\xea\xb0", "start of four bytes": "\xf0\x9f\x98", "start, then a space": "\xc3 ",
		"slash in two bytes": "\xc0\xaf", "slash in three bytes": "\xe0\x80\xaf", "slash in four bytes": "\xf0\x80\x80\xaf",
		"largest overlong of two bytes": "\xc1\xbf", "largest overlong of three bytes": "\xe0\x9f\xbf", "largest overlong of four bytes": "\xf0\x8f\xbf\xbf", "zero in two bytes": "\xc0\x80",
		"first surrogate": "\xed\xa0\x80", "last surrogate": "\xed\xbf\xbf", "pair of surrogates": "\xed\xa0\xbd\xed\xb8\x80",
		"above U+10FFFF": "\xf4\x90\x80\x80", "five bytes": "\xf8\x88\x80\x80\x80", "six bytes": "\xfc\x84\x80\x80\x80\x80", "FE": "\xfe", "FF": "\xff",
	} {
		all = append(all, one("invalid "+name, frame(0x81, text), notUTF8), one("invalid "+name+" between others", frame(0x81, "a"+text+"b"), notUTF8))
	}
	for i := 1; i < len(sampleText); i++ {
		if text := sampleText[:i]; strings.ToValidUTF8(text, "") != text {
			all = append(all, one(fmt.Sprintf("ends after byte %d", i), frame(0x81, text), notUTF8))
		}
	}
	return section("8.1", append(all,
		conformanceCase{name: "invalid first fragment", send: fragments(1, "\xff", "a"), want: []string{notUTF8}},
		conformanceCase{name: "invalid last fragment", send: fragments(1, "a", "\xff"), want: []string{notUTF8}},
		conformanceCase{name: "a character that fragments leave incomplete", send: fragments(1, "\xea", "\xb0", ""), want: []string{notUTF8}},
		conformanceCase{name: "a valid text, then an invalid one", send: []string{frame(0x81, "a"), frame(0x81, "\xff")}, want: []string{"text a", notUTF8}},
		conformanceCase{name: "an invalid text, then a valid one", send: []string{frame(0x81, "\xff"), frame(0x81, "a")}, want: []string{notUTF8}},
		one("invalid short text", frame(0x81, `{"ack":`+"\xff"), notUTF8),
		one("invalid at the end of a long text", frame(0x81, strings.Repeat("x", 5000)+"\xc3"), notUTF8),
	)...)
}

// closeFrame returns a client's close frame.
func closeFrame(code int, reason string) string {
	return frame(0x88, string([]byte{byte(code >> 8), byte(code)})+reason)
}

func closeCases() []conformanceCase {
	return section("5.5.1",
		one("no code", frame(0x88, ""), "close"),
		one("half a code", frame(0x88, "\x03"), halfCode),
		one("a code", closeFrame(1000, ""), "close 1000"),
		one("a code and a reason", closeFrame(1001, "leaving"), "close 1001"),
		one("the longest reason", closeFrame(1000, strings.Repeat("x", 123)), "close 1000"),
		one("a reason in UTF-8", closeFrame(1000, sampleText), "close 1000"),
		one("a reason that is not UTF-8", closeFrame(1000, "\xff"), badReason),
		one("a reason that ends inside a character", closeFrame(1000, "\xea\xb0"), badReason),
		one("a reason with a surrogate", closeFrame(1000, "\xed\xa0\x80"), badReason),
		conformanceCase{name: "after a text", send: []string{frame(0x81, "a"), closeFrame(1000, "")}, want: []string{"text a", "close 1000"}},
		conformanceCase{name: "after a ping", send: []string{frame(0x89, "a"), closeFrame(1000, "")}, want: []string{"pong a", "close 1000"}},
		conformanceCase{name: "after a short text", send: []string{frame(0x81, `{"ack":{}}`), closeFrame(1000, "")}, want: []string{`text {"ack":{}}`, "close 1000"}},
		conformanceCase{name: "inside a message", send: []string{frame(0x01, "a"), closeFrame(1000, "")}, want: []string{"close 1000"}},
		conformanceCase{name: "inside a message, which goes on", send: []string{frame(0x01, "a"), closeFrame(1000, ""), frame(0x80, "b")}, want: []string{"close 1000"}},
	)
}

func closeCodeCases() (all []conformanceCase) {
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999, 4000, 4001, 4999} {
		all = append(all, one(fmt.Sprintf("code %d", code), closeFrame(code, "why"), fmt.Sprintf("close %d", code)))
	}
	for _, code := range []int{0, 1, 500, 999, 1004, 1005, 1006, 1015, 1016, 1099, 1100, 1999, 2000, 2999, 5000, 9999, 32768, 65535} {
		all = append(all, one(fmt.Sprintf("code %d", code), closeFrame(code, ""), fmt.Sprintf("close 1002 close code %d is not allowed", code)))
	}
	return section("7.4", all...)
}

// afterCloseCases are about what a client sends after its close frame.
func afterCloseCases() (all []conformanceCase) {
	for name, after := range map[string]string{
		"a text": frame(0x81, "late"), "a short text": frame(0x81, `{"ack":{}}`), "a ping": frame(0x89, "late"), "a close": closeFrame(1001, ""),
		"an invalid frame": "\xff\x00", "half a frame": frame(0x81, "late")[:4], "many texts": strings.Repeat(frame(0x81, strings.Repeat("x", 200)), 100),
	} {
		all = append(all, conformanceCase{name: "close, then " + name, send: []string{closeFrame(1000, ""), after}, want: []string{"close 1000"}})
	}
	return section("5.5.1", all...)
}

// serverCloseCases begin with a text that makes the server close with 4102.
func serverCloseCases() []conformanceCase {
	const order, closed = "text close 4102", "close 4102"
	begin := frame(0x81, "close 4102")
	ordered := func(name string, more ...string) conformanceCase {
		return conformanceCase{name: name, send: append([]string{begin}, more...), want: []string{closed}, got: []string{order}}
	}
	return section("7.1",
		ordered("the client answers with the code", closeFrame(4102, "")),
		ordered("the client answers with another code", closeFrame(1000, "")),
		ordered("the client answers without a code", frame(0x88, "")),
		ordered("the client answers with a code that is not allowed", closeFrame(1005, "")),
		ordered("the client never answers"),
		ordered("a text, then the answer", frame(0x81, "late"), closeFrame(4102, "")),
		ordered("a text that is not UTF-8, then the answer", frame(0x81, "\xff"), closeFrame(4102, "")),
		ordered("a short text, then the answer", frame(0x81, `{"ack":{}}`), closeFrame(4102, "")),
		ordered("a ping, then the answer", frame(0x89, "late"), closeFrame(4102, "")),
		ordered("a fragmented text, then the answer", frame(0x01, "la"), frame(0x80, "te"), closeFrame(4102, "")),
		ordered("half a text, then the answer", frame(0x01, "la"), closeFrame(4102, "")),
	)
}

// endCases are about clients that end their side of the connection without a close frame: the
// server sends none either.
func endCases() (all []conformanceCase) {
	whole := frame(0x81, "hello")
	for n := 1; n < len(whole); n++ {
		all = append(all, conformanceCase{name: fmt.Sprintf("the client ends after %d bytes of a frame", n), send: []string{whole[:n]}, hangUp: true})
	}
	return section("7.1", append(all,
		conformanceCase{name: "the client ends after the handshake", send: []string{}, hangUp: true},
		conformanceCase{name: "the client ends after a text", send: []string{whole}, want: []string{"text hello"}, hangUp: true},
		conformanceCase{name: "the client ends inside a message", send: []string{frame(0x01, "a")}, hangUp: true},
		conformanceCase{name: "the client ends inside a length", send: []string{"\x81\xfe\x01"}, hangUp: true},
		conformanceCase{name: "the client ends after a close frame", send: []string{closeFrame(1000, "")}, want: []string{"close 1000"}, hangUp: true},
		conformanceCase{name: "the client ends after an invalid frame", send: []string{"\x81\x00"}, want: []string{unmasked}, hangUp: true},
	)...)
}
