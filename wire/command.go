package wire

import (
	"crypto/sha256"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// clientCommands are the commands that a client may give. The others, such as importForum
// and those that the clock causes, are made by the server.
var clientCommands = map[floor.CommandKind]bool{
	"release": true, "call": true, "start": true, "end": true, "extend": true, "setClock": true,
	"rotateLink": true, "announce": true, "withdraw": true, "undo": true,
	"moveMeeting": true, "swapMeetings": true, "cancelMeeting": true, "lockMeeting": true,
	"closeTable": true, "openTable": true, "checkIn": true, "markPresent": true, "markNoShow": true,
	"dismissLost": true, "markTold": true,
	"seen": true, "setDuty": true, "requestInterpreter": true, "claimRequest": true,
	"setOut": true, "arrive": true, "releaseRequest": true, "cancelRequest": true,
}

// DecodeCommand decodes the body of a POST of a command: docs/PROTOCOL.md, "Commands".
// With a problem, the command has no body, and has its id if that is valid.
func DecodeCommand(text []byte) (Command, *Problem) {
	if len(text) > MaxCommand {
		return Command{}, tooLarge(MaxCommand)
	}
	if why, at := checkSyntax(text); why != "" {
		return Command{}, shapeProblem(CodeBadBody, why, at)
	}
	return decodeCommand(text, CodeBadBody)
}

// decodeCommand decodes a command whose syntax checkSyntax has accepted. idCode is the
// problem's code if the id cannot be read, so that a refusal could not name the command.
func decodeCommand(value []byte, idCode Code) (Command, *Problem) {
	all, _ := members(value)
	var c Command
	for _, m := range all {
		if m.name != "id" {
			continue
		}
		if p := unmarshal(m.value, &c.ID, idCode, "/id"); p != nil {
			return Command{}, p
		}
	}
	if !floor.ValidID(c.ID) {
		return Command{}, shapeProblem(idCode, WhyType, "/id")
	}
	failed := Command{ID: c.ID}
	if len(value) > MaxCommand {
		return failed, tooLarge(MaxCommand)
	}
	if p := c.readMembers(all); p != nil {
		return failed, p
	}
	return c, nil
}

func (c *Command) readMembers(all []member) *Problem {
	for _, m := range all {
		if m.name == "id" {
			continue
		}
		read := c.readBody
		switch m.name {
		case "base":
			read = c.readBase
		case "after":
			read = c.readAfter
		case "until":
			read = c.readUntil
		}
		if p := read(m); p != nil {
			return p
		}
	}
	if c.Body == nil {
		return shapeProblem(CodeBadBody, WhyKinds, "")
	}
	return nil
}

func (c *Command) readBase(m member) *Problem {
	if p := unmarshal(m.value, &c.Base, CodeBadBody, "/base"); p != nil {
		return p
	}
	if *c.Base > MaxInteger {
		return badValue("base")
	}
	return nil
}

func (c *Command) readAfter(m member) *Problem {
	if p := unmarshal(m.value, &c.After, CodeBadBody, "/after"); p != nil {
		return p
	}
	if len(c.After) > MaxAfter {
		return badValue("after")
	}
	for _, id := range c.After {
		if !floor.ValidID(id) {
			return badValue("after")
		}
	}
	return nil
}

func (c *Command) readUntil(m member) *Problem {
	if p := unmarshal(m.value, &c.Until, CodeBadBody, "/until"); p != nil {
		return p
	}
	if c.Until < 1 || c.Until > MaxInteger {
		return badValue("until")
	}
	return nil
}

func (c *Command) readBody(m member) *Problem {
	at := jsontext.Pointer("").AppendToken(m.name)
	if c.Body != nil {
		return shapeProblem(CodeBadBody, WhyKinds, at)
	}
	kind := floor.CommandKind(m.name)
	body, ok := floor.NewCommand(kind)
	if !ok || !clientCommands[kind] {
		return &Problem{Code: CodeUnknownCommand, Params: map[string]string{"command": truncate(m.name, maxEcho)}}
	}
	if m.value.Kind() != '{' {
		return shapeProblem(CodeBadBody, WhyType, at)
	}
	if p := unmarshal(m.value, body, CodeBadBody, at); p != nil {
		return p
	}
	c.Body = floor.CommandOf(body)
	return checkBody(c.Body)
}

// EncodeCommand returns a command's envelope: the body of a POST, and the value of a
// command frame. The caller must set Body.
func EncodeCommand(c Command) []byte {
	b := appendQuote([]byte(`{"id":`), c.ID)
	if c.Base != nil {
		b = strconv.AppendUint(append(b, `,"base":`...), *c.Base, 10)
	}
	if len(c.After) > 0 {
		b = append(append(b, `,"after":`...), mustMarshal(c.After)...)
	}
	if c.Until != 0 {
		b = strconv.AppendInt(append(b, `,"until":`...), int64(c.Until), 10)
	}
	b = appendQuote(append(b, ','), string(floor.KindOf(c.Body)))
	b = append(append(b, ':'), mustMarshal(c.Body)...)
	return append(b, '}')
}

// PayloadDigest returns the digest that an id is bound to: the SHA-256 of the object
// of the command's kind and body in canonical form (RFC 8785). White space, the order
// of names and explicit default values do not change it. Neither do base, after and
// until, which say when the command may be applied and not what it does.
func PayloadDigest(body floor.Command) journal.Digest {
	text := jsontext.Value(wrapObject(string(floor.KindOf(body)), mustMarshal(body)))
	if err := text.Canonicalize(); err != nil {
		panic("wire: a command without a canonical form: " + err.Error())
	}
	return sha256.Sum256(text)
}
