package e2e_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/static/bundle"
)

// maxPicture is the size that a picture of the documents may have, in bytes. internal/checks holds
// the documents to the same.
const maxPicture = 200 << 10

// TestShots_Guide plays the sample forum on a real server and makes the pictures of the documents,
// docs/images: `make shots`.
func TestShots_Guide(t *testing.T) {
	if os.Getenv("MATCHFLOOR_SHOTS") == "" {
		t.Skip("left out: make shots sets MATCHFLOOR_SHOTS")
	}
	a := newAlbum(t)
	a.organiser()
	a.everyoneEnters()
	a.firstRound()
	a.interpreterRequest()
	a.secondRound()
	a.move()
	a.outage()
	a.fourScreens()
}

// album is the acceptance day with a camera: it writes pictures of its screens into a folder.
type album struct {
	*acceptanceDay
	dir     string
	words   map[string]string
	console *screen
	phone   *screen       // of attendee person
	board   *screen       // the display of all zones
	table   floor.TableID // person's home table, with meetings in R1 and R3
	person  string
	whole   map[string][]byte
}

func newAlbum(t *testing.T) *album {
	t.Helper()
	dir := filepath.Join("..", "docs", "images")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return &album{
		acceptanceDay: &acceptanceDay{venue: sqliteVenue(t)}, dir: dir,
		words: catalogOf(t, "en"), whole: map[string][]byte{},
	}
}

// open opens a person's page in English, in device pixels of a sharp screen.
func (a *album) open(name, url string, at size) *screen {
	a.t.Helper()
	s := openScreen(a.t, name, url, "en", at)
	s.do(chromedp.EmulateViewport(at.width, at.height, chromedp.EmulateScale(2)))
	return s
}

// boundsOf returns a script that computes the rectangle around all elements that match selectors,
// with a margin.
func boundsOf(selectors []string) string {
	return fmt.Sprintf(`(() => {
		const all = %q.split('|').flatMap(s => [...document.querySelectorAll(s)]).map(e => e.getBoundingClientRect()).filter(r => r.width)
		const left = Math.max(0, Math.floor(Math.min(...all.map(r => r.left))) - 12), top = Math.max(0, Math.floor(Math.min(...all.map(r => r.top))) - 12)
		const right = Math.min(innerWidth, Math.ceil(Math.max(...all.map(r => r.right))) + 12), bottom = Math.ceil(Math.max(...all.map(r => r.bottom))) + 12
		return {x: left, y: top, width: right - left, height: bottom - top, scale: 1}
	})()`, strings.Join(selectors, "|"))
}

// take returns a picture of the rectangle around selectors, at most height CSS pixels high.
func (a *album) take(s *screen, scale, height float64, selectors ...string) []byte {
	a.t.Helper()
	clip := eval[page.Viewport](s, boundsOf(selectors))
	clip.Height, clip.Scale = min(clip.Height, height), scale
	shot, err := chromedp.Call(s.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{Clip: &clip})
	if err != nil {
		a.t.Fatalf("%s: %v", s.name, err)
	}
	return shot.Data
}

// paletted returns a picture in its 256 most frequent colours. The pages have few: the others are
// the edges of letters. The file is a third as large.
func paletted(picture image.Image) *image.Paletted {
	bounds := picture.Bounds()
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA) }
	count := map[color.RGBA]int{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	var palette color.Palette
	frequent := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int { return count[b] - count[a] })
	for _, c := range frequent[:min(256, len(frequent))] {
		palette = append(palette, c)
	}
	nearest := map[color.RGBA]uint8{}
	for c := range count {
		nearest[c] = uint8(palette.Index(c))
	}
	out := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			out.SetColorIndex(x, y, nearest[at(x, y)])
		}
	}
	return out
}

// save writes a picture as a small file.
func (a *album) save(name string, data []byte) {
	a.t.Helper()
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		a.t.Fatalf("%s: %v", name, err)
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, paletted(picture)); err != nil {
		a.t.Fatalf("%s: %v", name, err)
	}
	if out.Len() > maxPicture {
		a.t.Errorf("%s has %d bytes, more than %d", name, out.Len(), maxPicture)
	}
	if err := os.WriteFile(filepath.Join(a.dir, name+".png"), out.Bytes(), 0o644); err != nil {
		a.t.Fatal(err)
	}
	a.t.Logf("%s: %v, %d KB", name, picture.Bounds().Size(), out.Len()>>10)
}

// crop saves a part of a screen, sharp enough for small text.
func (a *album) crop(name string, s *screen, height float64, selectors ...string) {
	a.t.Helper()
	a.save(name, a.take(s, 0.75, height, selectors...))
}

// organiser imports the workbook on the organiser's page.
func (a *album) organiser() {
	desk := a.open("organiser", a.firstOrganiserLink(), size{960, 1400})
	bad, _, err := demo.WithBadRows()
	if err != nil {
		a.t.Fatal(err)
	}
	desk.choose(a.writeWorkbook(bad))
	desk.until("the faults", `document.querySelector('.faults tr')`)
	a.crop("organiser-faults", desk, 600, ".org-card:has(.faults)")
	desk.choose(a.writeWorkbook(demo.Workbook()))
	desk.press(a.words["org.import"])
	desk.shows(a.words["org.links"])
	a.importSample()
	a.signIn("moderator:s1")
	a.clock("08:30")
	desk.do(chromedp.Reload())
	desk.shows("08:30", a.words["org.release"])
	desk.press(a.words["org.release"])
	desk.until("what the release does", `document.querySelector('.confirm-words')`)
	a.crop("organiser-release", desk, 420, ".org-card:has(.confirm-words)")
	desk.press(a.words["org.take"])
	desk.press(a.words["org.role.attendee"])
	desk.click(".link-head")
	desk.until("a link's code", `document.querySelector('.link-whole svg')`)
	a.crop("organiser-links", desk, 640, ".org-card:has(.links)")
}

// firstRound calls and starts the first round: who has seen the call, and who has not come.
func (a *album) firstRound() {
	a.clock("09:50")
	for _, name := range a.phones[:118] {
		if _, err := a.runner.submit(floor.CheckIn{Attendee: floor.AttendeeID(floor.ActorID(name).ID())}); err != nil {
			a.t.Fatal(err)
		}
	}
	a.choosePerson()
	a.phone = a.open("phone", a.page(a.person), size{390, 720})
	a.console = a.open("console", a.page("moderator:s1"), deskSize)
	a.board = openScreen(a.t, "display", a.page("display:d4"), "en", displaySize)
	a.clock("13:20")
	a.lead.mustSubmit(floor.CallSlot{SlotRef: floor.SlotRef{Round: "R1"}})
	a.phone.shows(a.words["hero.called"])
	second, third := a.partyAt("T10", "R1"), a.partyAt("T14", "R1")
	a.acknowledge(a.person, second, third)
	a.people[third].Close()
	delete(a.people, third)
	a.crop("phone-called", a.phone, 720, "body")
	a.console.until("three lines", `document.querySelectorAll('.section .line-box').length === 3 && document.body.innerText.includes('gone')`)
	a.crop("console-unseen", a.console, 560, ".aside .section:first-of-type")
	a.board.until("rows", `document.querySelectorAll('.row').length > 3`)
	a.save("display-called", a.take(a.board, 0.5, 1080, "body"))

	helper := a.open("runner", a.page("runner:r1"), size{390, 720})
	helper.press(a.words["mod.tab.now"])
	helper.until("who has not seen it", `document.querySelector('.line-box > button')`)
	helper.click(".line-box > button")
	helper.until("the button", `document.querySelector('.line-actions')`)
	a.crop("runner-told", helper, 720, "body")
	a.noShows()
}

// choosePerson finds a host who has a meeting at their home table in R1 and in R3.
func (a *album) choosePerson() {
	for n := 1; n <= 24; n++ {
		a.table = floor.TableID(fmt.Sprintf("T%02d", n))
		if a.person = a.partyAt(a.table, "R1"); a.person != "" && a.person == a.partyAt(a.table, "R3") {
			return
		}
	}
	a.t.Fatal("no host has meetings in R1 and R3")
}

// partyAt returns the first person of the host at a table in a round, or "" if the table is free.
func (a *album) partyAt(table floor.TableID, round floor.RoundID) string {
	a.t.Helper()
	for _, m := range client.Each[floor.MeetingCard](a.lead.View(), "meeting") {
		if m.Place == (floor.Place{Round: round, Table: table}) {
			return "attendee:" + string(m.Host.People[0])
		}
	}
	return ""
}

// consoleAt sets the event's clock and loads the console again, so that all of its times are of that
// clock.
func (a *album) consoleAt(hhmm string) {
	a.t.Helper()
	a.clock(hhmm)
	a.console.do(chromedp.Reload())
	a.console.until("the grid", `document.querySelector('[data-round=R3][data-table=T01]')`)
}

// acknowledge presses "Got it" for everyone but some.
func (a *album) acknowledge(except ...string) {
	a.t.Helper()
	for _, name := range slices.Sorted(maps.Keys(a.people)) {
		p := a.people[name]
		role := floor.ActorID(name).Role()
		if slices.Contains(except, name) || role != floor.RoleAttendee && role != floor.RoleInterpreter {
			continue
		}
		p.syncToHead()
		if ids := p.notices(); len(ids) > 0 {
			if _, err := p.submit(floor.AcknowledgeNotices{Notices: ids}); err != nil {
				a.t.Fatalf("%s: %v", name, err)
			}
		}
	}
	a.lead.syncToHead()
}

// noShows starts the round; the guests of T07 do not come.
func (a *album) noShows() {
	a.clock("13:30")
	a.lead.mustSubmit(floor.StartSlot{SlotRef: floor.SlotRef{Round: "R1"}})
	for id, m := range client.Each[floor.MeetingCard](a.lead.View(), "meeting") {
		if m.Place.Round != "R1" {
			continue
		}
		for _, side := range []floor.Side{floor.Host, floor.Guest} {
			if m.Place.Table == "T07" && side == floor.Guest {
				continue
			}
			if _, err := a.runner.submit(floor.MarkPresent{Meeting: floor.MeetingID(id), Side: side}); err != nil {
				a.t.Fatal(err)
			}
		}
	}
	a.consoleAt("13:36")
	a.console.click(`[data-round=R1][data-table=T07]`)
	a.console.shows(a.words["mod.graceOver"])
	a.crop("console-no-show", a.console, 482, ".aside .detail")
	a.console.do(chromedp.KeyEvent("\x1b"))
}

// interpreterRequest follows a request from T12 to its interpreter.
func (a *album) interpreterRequest() {
	a.clock("13:41")
	for name, p := range a.people {
		if floor.ActorID(name).Role() == floor.RoleInterpreter {
			p.mustSubmit(floor.SetDuty{Interpreter: floor.InterpreterID(floor.ActorID(name).ID()), Duty: floor.OnDuty})
		}
	}
	table := a.open("table", a.page(a.partyAt("T12", "R1")), size{390, 720})
	floater := a.open("floater", a.page("interpreter:i19"), size{390, 720})
	floater.click(`.segments [aria-pressed=true]`) // a touch unlocks the sound
	floater.shows(a.words["ready.sound"])
	table.press(a.words["request.call"])
	floater.until("the request", `document.querySelector('.offer .go')`)
	a.crop("interpreter-request", floater, 720, "body")
	a.whole["interpreter"] = a.take(floater, 1, 720, "body")
	floater.press("12")
	floater.press(a.words["jobNext.claimed"])
	table.shows("on the way")
	a.crop("phone-interpreter", table, 720, "body")
}

// secondRound extends the second round: what the console asks first, and what follows.
func (a *album) secondRound() {
	a.clock("13:55")
	a.lead.mustSubmit(floor.EndSlot{SlotRef: floor.SlotRef{Round: "R1"}})
	a.lead.mustSubmit(floor.CallSlot{SlotRef: floor.SlotRef{Round: "R2"}})
	a.clock("14:00")
	a.lead.mustSubmit(floor.StartSlot{SlotRef: floor.SlotRef{Round: "R2"}})
	a.acknowledge()
	a.consoleAt("14:20")
	a.console.press("+5")
	a.console.until("what it does", `document.querySelector('.armed p')`)
	a.crop("console-extend", a.console, 300, ".bar", ".armed-place")
	a.console.press(a.words["word.cancel"])
	a.lead.mustSubmit(floor.ExtendSlot{SlotRef: floor.SlotRef{Round: "R2"}, Minutes: 5})
	a.console.press(a.words["mod.tab.day"])
	a.console.shows("14:35–15:00")
	a.console.until("the rounds in sight", `(document.querySelector('.aside .section:last-of-type .line-box:nth-child(8)').scrollIntoView({block: 'center'}), true)`)
	a.crop("console-day", a.console, 640, ".line-box[data-state=running]", ".aside .section:last-of-type .line-box:nth-child(10)")
	a.console.press(a.words["mod.tab.now"])
}

// move moves a meeting of the called third round: the console, the phone, the display.
func (a *album) move() {
	a.clock("14:30")
	a.lead.mustSubmit(floor.EndSlot{SlotRef: floor.SlotRef{Round: "R2"}})
	a.lead.mustSubmit(floor.CallSlot{SlotRef: floor.SlotRef{Round: "R3"}})
	a.acknowledge()
	a.phone.shows(a.words["hero.called"])
	a.consoleAt("14:31")
	to := fmt.Sprintf(`[data-round=R3][data-table=%s]`, a.freeTable("R3", "A"))
	a.console.click(fmt.Sprintf(`[data-round=R3][data-table=%s]`, a.table))
	a.console.until("what is free", fmt.Sprintf(`document.querySelector('%s[data-mark=free], %s[data-mark=soft]')`, to, to))
	a.whole["moderator"] = a.take(a.console, 1, 768, "body")
	a.save("console-move", a.take(a.console, 0.75, 768, "body"))
	a.console.click(to)
	a.phone.shows(a.words["change.table"])
	a.crop("phone-moved", a.phone, 720, "body")
	a.whole["attendee"] = a.take(a.phone, 1, 720, "body")
	a.console.until("the way back", `document.querySelector('.toast-undo')`)
	a.crop("console-undo", a.console, 120, ".toast:has(.toast-undo)")
	a.board.until("the changed row", `document.querySelector('.row[data-changed]')`)
	a.whole["display"] = a.take(a.board, 1, 1080, "body")
}

// outage shows a phone without a network.
func (a *album) outage() {
	a.phone.press(a.words["word.gotIt"])
	a.phone.offline(true)
	a.phone.until("the time of its view", `[...document.querySelectorAll('.chip.amber, .chip.red')].some(c => /as of/i.test(c.innerText))`)
	a.crop("phone-offline", a.phone, 400, ".topbar", ".hero")
}

// fourScreens composes one picture of the pages of four roles.
func (a *album) fourScreens() {
	figure := func(name, caption string) string {
		return fmt.Sprintf(`<figure class=%s><img src="data:image/png;base64,%s"><figcaption>%s</figcaption></figure>`,
			name, base64.StdEncoding.EncodeToString(a.whole[name]), caption)
	}
	html := `<!doctype html><meta charset=utf-8><style>
		body { margin: 0; width: 1600px; height: 1000px; background: #E9ECF1; font: 500 22px system-ui, sans-serif; color: #475467;
			display: grid; grid-template-columns: 360px 760px 360px; gap: 0 32px; justify-content: center; align-items: center }
		figure { margin: 0; text-align: center } div { display: grid; gap: 20px } figcaption { padding-top: 10px }
		img { display: block; width: 100%; border-radius: 10px; box-shadow: 0 0 0 1px #D0D5DD }
		.attendee img, .interpreter img { border-radius: 26px; box-shadow: 0 0 0 8px #0B1320 }
		.display img { box-shadow: 0 0 0 6px #0B1320; border-radius: 4px }
		</style><body>` + figure("attendee", "attendee") +
		`<div>` + figure("moderator", "moderator") + figure("display", "display") + `</div>` + figure("interpreter", "interpreter")
	base := serveFiles(a.t, bundle.Files{"four.html": []byte(html)})
	s := &screen{t: a.t, ctx: browser(a.t), name: "four screens"}
	s.do(chromedp.EmulateViewport(1600, 1000), chromedp.Navigate(base+"/four.html"))
	s.until("all pictures", `[...document.images].length === 4 && [...document.images].every(i => i.complete && i.naturalWidth)`)
	a.save("four-screens", a.take(s, 1, 1000, "body"))
}
