package ws

import (
	"fmt"
	"slices"
	"strings"
)

// The reasons that the server gives for a protocol error.
const (
	reserved      = "close 1002 a reserved bit is set"
	unmasked      = "close 1002 a frame is not masked"
	badControl    = "close 1002 a control frame is too long or fragmented"
	nested        = "close 1002 a message begins inside another one"
	noMessage     = "close 1002 a continuation frame without a message"
	unknownOpcode = "close 1002 an unknown opcode"
	topBit        = "close 1002 a length of 64 bits"
	longLength    = "close 1002 a length that is not encoded in the fewest bytes"
	halfCode      = "close 1002 a close frame with half a code"
	badReason     = "close 1002 the reason of a close frame is not UTF-8"
	tooBig        = "close 1009"
	notUTF8       = "close 1007"
	tooManyFrames = "close 4001"
)

// conformanceCases returns all cases.
func conformanceCases() []conformanceCase {
	return slices.Concat(maskingCases(), headerCases(), lengthCases(), limitCases(), fragmentCases(), nestingCases(),
		controlCases(), messageCases(), validTextCases(), invalidTextCases(), closeCases(), closeCodeCases(), afterCloseCases(),
		serverCloseCases(), endCases())
}

// section returns cases with their section set.
func section(number string, all ...conformanceCase) []conformanceCase {
	for i := range all {
		all[i].section = number
	}
	return all
}

// one returns a case of one frame.
func one(name, frame string, want ...string) conformanceCase {
	return conformanceCase{name: name, send: []string{frame}, want: want}
}

// fragments returns the frames of a message in fragments, of which the first has an opcode.
func fragments(opcode byte, parts ...string) (all []string) {
	for i, part := range parts {
		first := byte(0)
		if i == 0 {
			first = opcode
		}
		if i == len(parts)-1 {
			first |= 0x80
		}
		all = append(all, frame(first, part))
	}
	return all
}

// between returns frames with another after each but the last.
func between(all []string, other string) (out []string) {
	for i, f := range all {
		if i > 0 {
			out = append(out, other)
		}
		out = append(out, f)
	}
	return out
}

func maskingCases() []conformanceCase {
	return section("5.1",
		one("text that is not masked", "\x81\x05hello", unmasked),
		one("empty text that is not masked", "\x81\x00", unmasked),
		one("ping that is not masked", "\x89\x00", unmasked),
		one("close that is not masked", "\x88\x02\x03\xe8", unmasked),
		one("long text that is not masked", "\x81\x7e\x00\x80"+strings.Repeat("x", 128), unmasked),
		conformanceCase{name: "continuation that is not masked", send: []string{frame(0x01, "a"), "\x80\x01b"}, want: []string{unmasked}},
		one("mask of zeros", maskedFrame([4]byte{}, 0x81, "hello"), "text hello"),
		one("mask of ones", maskedFrame([4]byte{255, 255, 255, 255}, 0x81, "hello"), "text hello"),
		one("masked ping", maskedFrame([4]byte{1, 2, 3, 4}, 0x89, "hello"), "pong hello"),
		conformanceCase{name: "another mask for each fragment",
			send: []string{maskedFrame([4]byte{1, 2, 3, 4}, 0x01, "abcde"), maskedFrame([4]byte{9, 8, 7, 6}, 0x00, "fgh"), maskedFrame([4]byte{5}, 0x80, "ij")},
			want: []string{"text abcdefghij"}},
	)
}

func headerCases() (all []conformanceCase) {
	for i, bit := range []byte{0x40, 0x20, 0x10} {
		for _, of := range []struct {
			name  string
			first byte
		}{{"text", 0x81}, {"binary", 0x82}, {"first fragment", 0x01}, {"ping", 0x89}, {"close", 0x88}} {
			all = append(all, one(fmt.Sprintf("reserved bit %d of a %s", i+1, of.name), frame(of.first|bit, ""), reserved))
		}
		all = append(all, conformanceCase{name: fmt.Sprintf("reserved bit %d of a continuation", i+1),
			send: []string{frame(0x01, "a"), frame(0x80|bit, "b")}, want: []string{reserved}})
	}
	all = append(all, conformanceCase{name: "reserved bits after a message", send: []string{frame(0x81, "a"), frame(0xf1, "b")}, want: []string{"text a", reserved}})
	for _, opcode := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		all = append(all, one(fmt.Sprintf("opcode %d", opcode), frame(0x80|opcode, ""), unknownOpcode),
			one(fmt.Sprintf("opcode %d with a payload", opcode), frame(0x80|opcode, "hello"), unknownOpcode),
			conformanceCase{name: fmt.Sprintf("opcode %d inside a message", opcode), send: []string{frame(0x01, "a"), frame(0x80|opcode, "")}, want: []string{unknownOpcode}})
	}
	return section("5.2", all...)
}

// lengthHeader returns the header of a text with an extended length of n bytes, and a mask of
// zeros.
func lengthHeader(n int, length uint64) string {
	header := []byte{0x81, map[int]byte{2: 0x80 | 126, 8: 0x80 | 127}[n]}
	for i := n - 1; i >= 0; i-- {
		header = append(header, byte(length>>(8*i)))
	}
	return string(append(header, 0, 0, 0, 0))
}

func lengthCases() (all []conformanceCase) {
	for _, n := range []int{0, 1, 124, 125, 126, 127, 128, 255, 256, 65534, 65535, 65536, 65537} {
		text := strings.Repeat("x", n)
		all = append(all, one(fmt.Sprintf("text of %d bytes", n), frame(0x81, text), "text "+text),
			conformanceCase{name: fmt.Sprintf("binary of %d bytes", n), send: []string{frame(0x82, text)}, got: []string{"binary " + text}})
	}
	for _, n := range []uint64{0, 1, 124, 125} {
		all = append(all, one(fmt.Sprintf("length %d in 16 bits", n), lengthHeader(2, n)+strings.Repeat("x", int(n)), longLength))
	}
	for _, n := range []uint64{0, 1, 125, 126, 65534, 65535} {
		all = append(all, one(fmt.Sprintf("length %d in 64 bits", n), lengthHeader(8, n)+strings.Repeat("x", int(n)), longLength))
	}
	return section("5.2", append(all,
		one("length with the highest bit", lengthHeader(8, 1<<63), topBit),
		one("length with the highest bit and a valid rest", lengthHeader(8, 1<<63|5)+"hello", topBit),
		one("length of all ones", lengthHeader(8, 1<<64-1), topBit),
		one("largest length", lengthHeader(8, 1<<63-1), tooBig),
		one("length of 2^32", lengthHeader(8, 1<<32), tooBig),
		one("length of 2^31", lengthHeader(8, 1<<31), tooBig),
	)...)
}

// limitCases are about the size of a message, which RFC 6455 leaves to the receiver (10.4).
func limitCases() []conformanceCase {
	limit := conformanceConfig.MaxMessage
	x := func(n int) string { return strings.Repeat("x", n) }
	empty := strings.Repeat(frame(0x00, ""), 2*limit/6)
	return section("10.4",
		one("one byte below the limit", frame(0x81, x(limit-1)), "text "+x(limit-1)),
		one("the limit", frame(0x81, x(limit)), "text "+x(limit)),
		one("one byte above the limit", frame(0x81, x(limit+1)), tooBig),
		one("binary above the limit", frame(0x82, x(limit+1)), tooBig),
		one("a length above the limit without its payload", lengthHeader(8, uint64(limit+1)), tooBig),
		conformanceCase{name: "the limit in fragments", send: fragments(1, x(limit-10), x(10)), want: []string{"text " + x(limit)}},
		conformanceCase{name: "above the limit by the last fragment", send: fragments(1, x(limit-10), x(11)), want: []string{tooBig}},
		conformanceCase{name: "above the limit by a length of 63 bits", send: []string{frame(0x01, "x"), "\x80" + lengthHeader(8, 1<<63-1)[1:]}, want: []string{tooBig}},
		conformanceCase{name: "the limit twice", send: []string{frame(0x81, x(limit)), frame(0x81, x(limit))}, want: []string{"text " + x(limit), "text " + x(limit)}},
		conformanceCase{name: "too many empty fragments", send: []string{frame(0x01, ""), empty}, want: []string{tooManyFrames}},
		conformanceCase{name: "as many empty fragments as allowed", send: []string{frame(0x01, "a"), empty[:len(empty)-6*3], frame(0x80, "b")}, want: []string{"text ab"}},
	)
}

func fragmentCases() []conformanceCase {
	hello, ping, pong := "hello, fragments", frame(0x89, "mid"), "pong mid"
	return section("5.4",
		conformanceCase{name: "two fragments", send: fragments(1, "hel", "lo"), want: []string{"text hello"}},
		conformanceCase{name: "three fragments", send: fragments(1, "he", "l", "lo"), want: []string{"text hello"}},
		conformanceCase{name: "fragments of one byte", send: fragments(1, strings.Split(hello, "")...), want: []string{"text " + hello}},
		conformanceCase{name: "1000 fragments", send: fragments(1, strings.Split(strings.Repeat("x", 1000), "")...), want: []string{"text " + strings.Repeat("x", 1000)}},
		conformanceCase{name: "binary in fragments", send: fragments(2, "\x00\xff", "\xfe"), got: []string{"binary \x00\xff\xfe"}},
		conformanceCase{name: "large fragments", send: fragments(1, strings.Repeat("a", 30000), strings.Repeat("b", 30000)), want: []string{"text " + strings.Repeat("a", 30000) + strings.Repeat("b", 30000)}},
		conformanceCase{name: "empty first fragment", send: fragments(1, "", "hello"), want: []string{"text hello"}},
		conformanceCase{name: "empty fragment in the middle", send: fragments(1, "hel", "", "lo"), want: []string{"text hello"}},
		conformanceCase{name: "empty last fragment", send: fragments(1, "hello", ""), want: []string{"text hello"}},
		conformanceCase{name: "only empty fragments", send: fragments(1, "", "", "", ""), want: []string{"text "}},
		conformanceCase{name: "two fragmented messages", send: append(fragments(1, "a", "b"), fragments(1, "c", "d")...), want: []string{"text ab", "text cd"}},
		conformanceCase{name: "text and binary in fragments", send: append(fragments(1, "a", "b"), fragments(2, "c", "d")...), want: []string{"text ab"}, got: []string{"text ab", "binary cd"}},
		conformanceCase{name: "a ping between two fragments", send: between(fragments(1, "hel", "lo"), ping), want: []string{pong, "text hello"}},
		conformanceCase{name: "a ping between all fragments", send: between(fragments(1, "h", "e", "", "llo"), ping), want: []string{pong, pong, pong, "text hello"}},
		conformanceCase{name: "an empty ping between fragments", send: between(fragments(1, "hel", "lo"), frame(0x89, "")), want: []string{"pong ", "text hello"}},
		conformanceCase{name: "a long ping between fragments", send: between(fragments(1, "hel", "lo"), frame(0x89, strings.Repeat("p", 125))), want: []string{"pong " + strings.Repeat("p", 125), "text hello"}},
		conformanceCase{name: "a pong between fragments", send: between(fragments(1, "hel", "lo"), frame(0x8a, "mid")), want: []string{"text hello"}},
		conformanceCase{name: "pings between fragments of binary", send: between(fragments(2, "a", "b", "c"), ping), want: []string{pong, pong}, got: []string{"binary abc"}},
		conformanceCase{name: "a short text in fragments", send: fragments(1, `{"ack":`, `{"seq":1}}`), want: []string{`text {"ack":{"seq":1}}`}},
	)
}

func nestingCases() []conformanceCase {
	return section("5.4",
		one("a last continuation of nothing", frame(0x80, "hello"), noMessage),
		one("a continuation of nothing", frame(0x00, "hello"), noMessage),
		one("an empty continuation of nothing", frame(0x80, ""), noMessage),
		conformanceCase{name: "a continuation after a message", send: []string{frame(0x81, "a"), frame(0x80, "b")}, want: []string{"text a", noMessage}},
		conformanceCase{name: "a continuation after a fragmented message", send: append(fragments(1, "a", "b"), frame(0x00, "c")), want: []string{"text ab", noMessage}},
		conformanceCase{name: "a continuation after a ping", send: []string{frame(0x89, "a"), frame(0x80, "b")}, want: []string{"pong a", noMessage}},
		conformanceCase{name: "a text inside a text", send: []string{frame(0x01, "a"), frame(0x81, "b")}, want: []string{nested}},
		conformanceCase{name: "a first fragment inside a text", send: []string{frame(0x01, "a"), frame(0x01, "b"), frame(0x80, "c")}, want: []string{nested}},
		conformanceCase{name: "a binary inside a text", send: []string{frame(0x01, "a"), frame(0x82, "b")}, want: []string{nested}},
		conformanceCase{name: "a text inside a binary", send: []string{frame(0x02, "a"), frame(0x81, "b")}, want: []string{nested}},
		conformanceCase{name: "a text inside an empty fragment", send: []string{frame(0x01, ""), frame(0x81, "b")}, want: []string{nested}},
		conformanceCase{name: "a text inside a text after a ping", send: []string{frame(0x01, "a"), frame(0x89, "p"), frame(0x81, "b")}, want: []string{"pong p", nested}},
		conformanceCase{name: "a text inside a text after a continuation", send: []string{frame(0x01, "a"), frame(0x00, "b"), frame(0x81, "c")}, want: []string{nested}},
	)
}

func controlCases() []conformanceCase {
	x := func(n int) string { return strings.Repeat("x", n) }
	var bytes []byte
	for b := range 125 {
		bytes = append(bytes, byte(255-b))
	}
	return section("5.5",
		one("empty ping", frame(0x89, ""), "pong "),
		one("ping with a payload", frame(0x89, "hello"), "pong hello"),
		one("ping with any bytes", frame(0x89, string(bytes)), "pong "+string(bytes)),
		one("ping of 124 bytes", frame(0x89, x(124)), "pong "+x(124)),
		one("ping of 125 bytes", frame(0x89, x(125)), "pong "+x(125)),
		one("ping of 126 bytes", frame(0x89, x(126)), badControl),
		one("ping of 65536 bytes", frame(0x89, x(65536)), badControl),
		one("ping of 5 bytes with a length of 16 bits", "\x89\xfe\x00\x05\x00\x00\x00\x00hello", badControl),
		one("fragmented ping", frame(0x09, ""), badControl),
		conformanceCase{name: "fragmented ping with its rest", send: []string{frame(0x09, "hel"), frame(0x80, "lo")}, want: []string{badControl}},
		one("empty pong", frame(0x8a, "")),
		one("pong with a payload", frame(0x8a, "hello")),
		one("pong of 125 bytes", frame(0x8a, x(125))),
		one("pong of 126 bytes", frame(0x8a, x(126)), badControl),
		one("fragmented pong", frame(0x0a, ""), badControl),
		one("fragmented close", frame(0x08, ""), badControl),
		one("fragmented close with a code", frame(0x08, "\x03\xe8"), badControl),
		one("close of 126 bytes", frame(0x88, "\x03\xe8"+x(124)), badControl),
		conformanceCase{name: "a pong, then a ping", send: []string{frame(0x8a, "a"), frame(0x89, "b")}, want: []string{"pong b"}},
		conformanceCase{name: "pings in order", send: []string{frame(0x89, "1"), frame(0x89, "2"), frame(0x89, "3"), frame(0x89, "4")}, want: []string{"pong 1", "pong 2", "pong 3", "pong 4"}},
		conformanceCase{name: "pings and texts in order", send: []string{frame(0x89, "1"), frame(0x81, "2"), frame(0x89, "3"), frame(0x81, "4")}, want: []string{"pong 1", "text 2", "pong 3", "text 4"}},
		conformanceCase{name: "a fragmented ping inside a message", send: []string{frame(0x01, "a"), frame(0x09, "b")}, want: []string{badControl}},
		conformanceCase{name: "a long ping inside a message", send: []string{frame(0x01, "a"), frame(0x89, x(126))}, want: []string{badControl}},
	)
}

func messageCases() []conformanceCase {
	ack := `{"ack":{"seq":1}}`
	long := `{"ack":` + strings.Repeat(" ", 119)
	return section("5.6",
		one("text", frame(0x81, "hello"), "text hello"),
		one("empty text", frame(0x81, ""), "text "),
		conformanceCase{name: "binary", send: []string{frame(0x82, "\x00\x80\xff")}, got: []string{"binary \x00\x80\xff"}},
		conformanceCase{name: "empty binary", send: []string{frame(0x82, "")}, got: []string{"binary "}},
		conformanceCase{name: "binary that looks like a short text", send: []string{frame(0x82, ack)}, got: []string{"binary " + ack}},
		one("short text", frame(0x81, ack), "text "+ack),
		one("longest short text", frame(0x81, long[:125]), "text "+long[:125]),
		one("text that is one byte too long to be short", frame(0x81, long), "text "+long),
		conformanceCase{name: "short texts and others", send: []string{frame(0x81, ack), frame(0x81, "a"), frame(0x81, ack), frame(0x89, "b"), frame(0x81, ack)}, want: []string{"text " + ack, "text a", "text " + ack, "pong b", "text " + ack}},
		one("a short text with a mask but without the bit for it", "\x81\x11"+frame(0x81, ack)[2:], unmasked),
		conformanceCase{name: "a short text, then an unmasked one", send: []string{frame(0x81, ack), "\x81\x11" + ack}, want: []string{"text " + ack, unmasked}},
		conformanceCase{name: "a short text inside a message", send: []string{frame(0x01, "a"), frame(0x81, ack)}, want: []string{nested}},
	)
}
