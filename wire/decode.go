package wire

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// DecodeClient decodes a frame that a client sent. It refuses everything that the
// protocol does not define: docs/PROTOCOL.md, "The live connection".
//
// A problem with a command that has a readable id comes with a frame whose Command
// has that id and no body. The caller must answer it with rejected, and the connection
// continues. The caller must answer any other problem with error and close with
// CloseBadFrame. Of a hello of another version only the number is decoded, and there
// is no problem: the caller must compare Hello.Version.
//
// The frame shares no memory with text.
func DecodeClient(text []byte) (ClientFrame, *Problem) {
	if seq, ok := parseCompactAck(text); ok {
		return ClientFrame{Ack: &Ack{Seq: seq}}, nil
	}
	if len(text) > MaxFrame {
		return ClientFrame{}, tooLarge(MaxFrame)
	}
	if why, at := checkSyntax(text); why != "" {
		return ClientFrame{}, shapeProblem(CodeBadFrame, why, at)
	}
	all, ok := members(text)
	if !ok || len(all) != 1 {
		return ClientFrame{}, shapeProblem(CodeBadFrame, WhyKinds, "")
	}
	frame, body := all[0], jsontext.Pointer("/"+all[0].name)
	switch frame.name {
	case "hello":
		hello, p := decodeHello(frame.value, body)
		return ClientFrame{Hello: hello}, p
	case "ping":
		return decodePing(frame.value, body)
	case "ack":
		return decodeAck(frame.value, body)
	case "command":
		c, p := decodeCommand(frame.value, CodeBadFrame)
		if p != nil && c.ID == "" {
			return ClientFrame{}, p
		}
		return ClientFrame{Command: &c}, p
	}
	return ClientFrame{}, shapeProblem(CodeBadFrame, WhyUnknown, body)
}

// parseCompactAck decodes an ack without white space, the most frequent frame of clients,
// without allocating. ok is false for every other text, which takes the general way.
func parseCompactAck(text []byte) (seq uint64, ok bool) {
	digits, ok := bytes.CutPrefix(text, []byte(`{"ack":{"seq":`))
	if !ok {
		return 0, false
	}
	digits, ok = bytes.CutSuffix(digits, []byte(`}}`))
	if !ok || len(digits) == 0 || len(digits) > len("9007199254740991") || digits[0] == '0' {
		return 0, false
	}
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, false
		}
		seq = 10*seq + uint64(d-'0')
	}
	return seq, seq <= MaxInteger
}

func decodeHello(value []byte, at jsontext.Pointer) (*Hello, *Problem) {
	// The hello of another version may have any other fields.
	var of struct {
		Version *int `json:"v"`
	}
	if err := json.Unmarshal(value, &of); err != nil || of.Version == nil || *of.Version < 1 {
		return nil, shapeProblem(CodeBadFrame, WhyType, at+"/v")
	}
	if *of.Version != Version {
		return &Hello{Version: *of.Version}, nil
	}
	var in struct {
		Version  int           `json:"v"`
		Have     *havePosition `json:"have"`
		Subjects string        `json:"subjects"`
		Hidden   bool          `json:"hidden"`
	}
	if p := unmarshal(value, &in, CodeBadFrame, at); p != nil {
		return nil, p
	}
	if in.Subjects != "" && !floor.ValidID(in.Subjects) {
		return nil, badValue("subjects")
	}
	have, p := in.Have.position(at + "/have")
	return &Hello{Version: in.Version, Have: have, Subjects: in.Subjects, Hidden: in.Hidden}, p
}

// havePosition is a position whose missing fields are nil.
type havePosition struct {
	Epoch *uint64       `json:"epoch"`
	Seq   *uint64       `json:"seq"`
	Hash  *journal.Hash `json:"hash"`
}

func (h *havePosition) position(at jsontext.Pointer) (*journal.Position, *Problem) {
	switch {
	case h == nil:
		return nil, nil
	case h.Epoch == nil || h.Seq == nil || h.Hash == nil:
		return nil, shapeProblem(CodeBadFrame, WhyType, at)
	case *h.Epoch > MaxInteger || *h.Seq > MaxInteger:
		return nil, badValue("have")
	}
	return &journal.Position{Epoch: *h.Epoch, Seq: *h.Seq, Hash: *h.Hash}, nil
}

func decodePing(value []byte, at jsontext.Pointer) (ClientFrame, *Problem) {
	var in struct {
		N      *uint32 `json:"n"`
		Ack    uint64  `json:"ack"`
		Hidden bool    `json:"hidden"`
	}
	p := unmarshal(value, &in, CodeBadFrame, at)
	switch {
	case p != nil:
		return ClientFrame{}, p
	case in.N == nil:
		return ClientFrame{}, shapeProblem(CodeBadFrame, WhyType, at+"/n")
	case in.Ack > MaxInteger:
		return ClientFrame{}, badValue("ack")
	}
	return ClientFrame{Ping: &Ping{N: *in.N, Ack: in.Ack, Hidden: in.Hidden}}, nil
}

func decodeAck(value []byte, at jsontext.Pointer) (ClientFrame, *Problem) {
	var in struct {
		Seq *uint64 `json:"seq"`
	}
	p := unmarshal(value, &in, CodeBadFrame, at)
	switch {
	case p != nil:
		return ClientFrame{}, p
	case in.Seq == nil:
		return ClientFrame{}, shapeProblem(CodeBadFrame, WhyType, at+"/seq")
	case *in.Seq > MaxInteger:
		return ClientFrame{}, badValue("seq")
	}
	return ClientFrame{Ack: &Ack{Seq: *in.Seq}}, nil
}

// DecodeServer decodes a frame that a server sent. It ignores unknown names, and a frame
// of an unknown kind is the zero ServerFrame: a newer server may send both. Cards keep
// their bytes as they were sent; the frame shares no memory with text. An error means
// that the text is not a frame.
func DecodeServer(text []byte) (ServerFrame, error) {
	var f ServerFrame
	err := json.Unmarshal(text, &f)
	return f, err
}

// DecodeSnapshot decodes the body of GET …/snapshot in the same way as DecodeServer.
func DecodeSnapshot(text []byte) (Snapshot, error) {
	var s Snapshot
	err := json.Unmarshal(text, &s)
	return s, err
}
