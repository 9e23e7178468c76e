package compose_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

const (
	wantOpenFiles = 65_536 // of docker-compose.yml
	balancerURL   = "http://127.0.0.1:8080"
)

// stack is docker-compose.yml, running.
type stack struct {
	*engine
	dir        string   // a copy of the repository
	documented []string // the commands of docker-compose.yml's comments
	event      string
	links      map[string]string // by "role:id"
	acked      map[string]uint64 // of all commanders
}

func runStack(t *testing.T, k *kit) {
	s := newStack(t, k)
	s.build()
	s.start()
	s.importForum()
	lead, phone, node := s.pinned()
	s.checkMove(lead, phone)
	s.checkNodeKilled(lead, node)
	s.checkRedisRestarted(lead)
	s.checkEverythingRecreated(phone)
}

// newStack starts the engine, makes the images and copies the repository.
func newStack(t *testing.T, k *kit) *stack {
	t.Helper()
	s := &stack{engine: startEngine(t, k), dir: filepath.Join(t.TempDir(), "matchfloor"), acked: map[string]uint64{}}
	copyTree(t, s.dir)
	if err := os.WriteFile(filepath.Join(s.dir, "forum.xlsx"), demo.Workbook(), 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^#   (\S.*)$`).FindAllSubmatch(text, -1) {
		s.documented = append(s.documented, string(m[1]))
	}
	image := regexp.MustCompile(`image: ((redis|haproxy):\S+)`)
	names := map[string]string{}
	for _, m := range image.FindAllSubmatch(text, -1) {
		names[string(m[2])] = string(m[1])
	}
	s.makeImages(k, names["redis"], names["haproxy"])
	if files := s.openFiles(wantOpenFiles); files < wantOpenFiles {
		t.Setenv("MATCHFLOOR_OPEN_FILES", strconv.FormatUint(files, 10))
		t.Logf("this machine gives a container %d open files at most: MATCHFLOOR_OPEN_FILES is set", files)
	}
	return s
}

// command returns the documented command that contains a text.
func (s *stack) command(part string) string {
	s.t.Helper()
	for _, c := range s.documented {
		if strings.Contains(c, part) {
			return c
		}
	}
	s.t.Fatalf("docker-compose.yml documents no command with %q: %q", part, s.documented)
	return ""
}

// shell runs a documented command in the copy of the repository.
func (s *stack) shell(bound time.Duration, command string) string {
	s.t.Helper()
	return s.runIn(s.dir, bound, "sh", "-ec", command)
}

func (s *stack) compose(bound time.Duration, args ...string) string {
	s.t.Helper()
	return s.runIn(s.dir, bound, "docker", append([]string{"compose"}, args...)...)
}

// build builds the image by itself, so that its time is known.
func (s *stack) build() {
	s.t.Helper()
	s.shell(time.Minute, s.command("head -c 32"))
	s.shell(time.Minute, s.command("chown"))
	began := time.Now()
	s.compose(20*time.Minute, "build")
	s.t.Logf("image built in %v", since(began))
	s.t.Cleanup(func() {
		if s.t.Failed() {
			s.t.Log(s.compose(time.Minute, "logs", "--no-color", "--tail", "60"))
		}
		s.compose(2*time.Minute, "down", "--volumes", "--timeout", "3")
	})
}

// start starts the stack and waits until every service is healthy.
func (s *stack) start() {
	s.t.Helper()
	began := time.Now()
	s.shell(3*time.Minute, s.command("up --build"))
	up := since(began)
	s.waitHealthy()
	s.t.Logf("`up` returned after %v, everything was healthy after %v", up, since(began))
}

func (s *stack) waitHealthy() {
	s.t.Helper()
	eventually(s.t, 90*time.Second, "every service to be healthy", func() error {
		for _, name := range []string{"redis", "node-a", "node-b", "balancer"} {
			id := s.compose(time.Minute, "ps", "-q", name)
			if id == "" {
				return fmt.Errorf("%s does not run", name)
			}
			if state := s.run(time.Minute, "docker", "inspect", "-f", "{{.State.Health.Status}}", id); state != "healthy" {
				return fmt.Errorf("%s is %s", name, state)
			}
		}
		return nil
	})
}

// importForum imports the workbook and prints the links, by the documented commands.
func (s *stack) importForum() {
	s.t.Helper()
	began := time.Now()
	words := strings.Fields(s.shell(time.Minute, s.command(" import ")))
	s.event = words[len(words)-1]
	s.links = s.printLinks()
	s.t.Logf("workbook of event %s imported, %d links printed in %v", s.event, len(s.links), since(began))
}

// printLinks returns the links as the documented command prints them.
func (s *stack) printLinks() map[string]string {
	s.t.Helper()
	var list []struct{ Role, ID, URL string }
	out := s.shell(time.Minute, strings.Replace(s.command(" links "), "--event ID", "--event "+s.event, 1))
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	links := map[string]string{}
	for _, l := range list {
		links[l.Role+":"+l.ID] = l.URL
	}
	return links
}

// verified returns what `matchfloor verify` says about the logs: their heads and hashes.
func (s *stack) verified() string {
	s.t.Helper()
	return s.compose(time.Minute, "run", "--rm", "node-a", "verify")
}

// dial signs somebody in through the balancer.
func (s *stack) dial(who string) *client.Client {
	s.t.Helper()
	link, ok := s.links[who]
	if !ok {
		s.t.Fatalf("no link of %s", who)
	}
	_, path, _ := strings.Cut(strings.TrimPrefix(link, "https://"), "/")
	c, err := client.Dial(s.t.Context(), balancerURL+"/"+path, client.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

// connections returns how many live connections a node has.
func (s *stack) connections(node string) int {
	s.t.Helper()
	id := s.compose(time.Minute, "ps", "-q", node)
	text := s.run(time.Minute, "docker", "run", "--rm", "--network", "container:"+id, s.debian, "wget", "-qO-", "http://127.0.0.1:8080/metrics")
	m := regexp.MustCompile(`(?m)^matchfloor_live_connections (\d+)$`).FindStringSubmatch(text)
	if m == nil {
		s.t.Fatalf("%s has no metric of live connections: %s", node, text)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// pinned signs in a phone, and a console that the balancer has put on the other node. It
// returns them and the console's node, and releases the schedule.
func (s *stack) pinned() (lead, phone *client.Client, node string) {
	s.t.Helper()
	phone = s.dial("attendee:k01a")
	onA := s.connections("node-a") == 1
	node = "node-a"
	if onA {
		node = "node-b"
	}
	for range 4 {
		before := s.connections(node)
		lead = s.dial("moderator:s1")
		if s.connections(node) > before {
			break
		}
		lead = nil // it stays, so that the other node has fewer connections
	}
	if lead == nil {
		s.t.Fatalf("the balancer put no console on %s", node)
	}
	if _, err := submit(s.t, lead, wire.Command{Body: floor.ReleaseSchedule{}}); err != nil {
		s.t.Fatal(err)
	}
	return lead, phone, node
}
