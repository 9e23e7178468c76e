package wire

import (
	"crypto/sha256"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// The limits of what stands in a command.
const (
	MaxInteger  = 1<<53 - 1        // every number, so that JavaScript reads it exactly
	MaxAfter    = 32               // ids in after
	MaxNotices  = 100              // ids in seen
	MaxDismiss  = floor.MaxDismiss // ids in dismissLost
	MaxTold     = floor.MaxTold    // people in markTold
	MaxSentence = floor.MaxText    // characters of an announcement, in each language
	MaxReason   = floor.MaxReason  // characters of a reason
	MaxSkill    = floor.MaxSkill   // characters of a skill
)

// fromClients are the commands that a client may give; importForum, the clock's
// and the instance's own are made by the server itself.
var fromClients = map[floor.CommandKind]bool{
	"release": true, "call": true, "start": true, "end": true, "extend": true, "setClock": true,
	"rotateLink": true, "announce": true, "withdraw": true, "undo": true,
	"moveMeeting": true, "swapMeetings": true, "cancelMeeting": true, "lockMeeting": true,
	"closeTable": true, "openTable": true, "checkIn": true, "markPresent": true, "markNoShow": true,
	"dismissLost": true, "markTold": true,
	"seen": true, "setDuty": true, "requestInterpreter": true, "claimRequest": true,
	"setOut": true, "arrive": true, "releaseRequest": true, "cancelRequest": true,
}

// DecodeCommand reads the body of a POST of a command. With a problem the
// command holds no body, but its id where that could be read.
func DecodeCommand(text []byte) (Command, *Problem) {
	if len(text) > MaxCommand {
		return Command{}, tooLarge(MaxCommand)
	}
	if why, at := checkText(text); why != "" {
		return Command{}, shapeProblem(CodeBadBody, why, at)
	}
	return decodeCommand(text, CodeBadBody)
}

// decodeCommand reads a command of lawful text. noID is the problem's code where
// the id cannot be read, so that nobody could be told of the command by it.
func decodeCommand(value []byte, noID Code) (Command, *Problem) {
	all, _ := members(value)
	var c Command
	for _, m := range all {
		if m.name != "id" {
			continue
		}
		if p := unmarshal(m.value, &c.ID, noID, "/id"); p != nil {
			return Command{}, p
		}
	}
	if !floor.ValidID(c.ID) {
		return Command{}, shapeProblem(noID, WhyType, "/id")
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
	if !ok || !fromClients[kind] {
		return &Problem{Code: CodeUnknownCommand, Params: map[string]string{"command": clip(m.name, maxPointer)}}
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

// EncodeCommand answers a command's envelope: the body of a POST, and what stands
// in a command frame. Body must not be nil.
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

// PayloadDigest answers what a command's id stands for: the SHA-256 of the object
// of its kind and body in canonical form (RFC 8785). Spacing, the order of names
// and fields given as what they would be anyway are the same payload; so are
// another base, after or until, for these say when the command may be applied and
// not what it does.
func PayloadDigest(body floor.Command) journal.Digest {
	text := jsontext.Value(wrap(string(floor.KindOf(body)), mustMarshal(body)))
	if err := text.Canonicalize(); err != nil {
		panic("wire: a command without a canonical form: " + err.Error())
	}
	return sha256.Sum256(text)
}
