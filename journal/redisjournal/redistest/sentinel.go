package redistest

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// MasterName is the name of the master in Sentinel.
const MasterName = "mymaster"

// The time-outs of Sentinel are the shortest that distinguish a dead master from a busy machine.
const (
	downAfter       = "2500"           // ms without an answer after which a server counts as down
	failoverTimeout = "4000"           // ms
	failoverWait    = 60 * time.Second // bounds every wait for the Sentinels
)

// Failover is a master with replicas, and three Sentinels that promote a replica when the master
// dies. The servers are configured as matchfloor requires with replicas: a master refuses writes
// if no replica has been in touch for two seconds.
type Failover struct {
	Servers   []*Server // the first was the master at the start
	Sentinels []*Server

	t testing.TB
}

// StartFailover starts the given number of servers and three Sentinels, and waits until all know
// each other. Further arguments are settings of the servers.
func StartFailover(t testing.TB, servers int, args ...string) *Failover {
	t.Helper()
	return startFailover(t, servers, false, args)
}

// StartFailoverBehindProxies is StartFailover with a proxy, Front, in front of each server. The other servers and
// the Sentinels connect through it, so that a server can be cut off from them but not from a
// client that dials Addr. Sentinels name a server by the address of its Front.
func StartFailoverBehindProxies(t testing.TB, servers int, args ...string) *Failover {
	t.Helper()
	return startFailover(t, servers, true, args)
}

func startFailover(t testing.TB, servers int, fronted bool, args []string) *Failover {
	t.Helper()
	f := &Failover{t: t}
	config := append([]string{"--min-replicas-to-write", "1", "--min-replicas-max-lag", "2"}, args...)
	for range servers {
		s := Start(t, config...)
		f.Servers = append(f.Servers, s)
		if fronted {
			s.front = StartProxy(t, s.Addr)
			host, port := split(t, s.front.Addr)
			s.Do("CONFIG", "SET", "replica-announce-ip", host, "replica-announce-port", port)
		}
		if s != f.Servers[0] {
			host, port := split(t, f.Servers[0].announcedAddr())
			s.Do("REPLICAOF", host, port)
		}
		s.Do("CONFIG", "REWRITE")
	}
	host, port := split(t, f.Servers[0].announcedAddr())
	for range 3 {
		f.Sentinels = append(f.Sentinels, StartSentinel(t, nil,
			"--sentinel", "monitor", MasterName, host, port, "2",
			"--sentinel", "down-after-milliseconds", MasterName, downAfter,
			"--sentinel", "failover-timeout", MasterName, failoverTimeout,
			"--sentinel", "parallel-syncs", MasterName, strconv.Itoa(servers)))
	}
	f.WaitHealthy()
	return f
}

func split(t testing.TB, addr string) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

// StartSentinel starts a single Sentinel, with the certificate of c unless c is nil. Further
// arguments are settings ("--sentinel", "monitor mymaster 127.0.0.1 6379 1").
func StartSentinel(t testing.TB, c *Certificates, args ...string) *Server {
	t.Helper()
	s := prepare(t)
	s.sentinel, s.config = true, settings(args)
	if c != nil {
		s.config += c.settings()
		s.tls = c.clientConfig()
	}
	s.startFirst()
	return s
}

// URL returns a redis+sentinel URL with all three Sentinels.
func (f *Failover) URL() string { return "redis+sentinel://" + f.Hosts() + "/" + MasterName }

// Hosts returns the addresses of the Sentinels, comma-separated.
func (f *Failover) Hosts() string {
	var all []string
	for _, s := range f.Sentinels {
		all = append(all, s.Addr)
	}
	return strings.Join(all, ",")
}

// Master returns the server that a majority of the Sentinels name, if it is a master, and nil
// otherwise.
func (f *Failover) Master() *Server {
	votes := make(map[string]int)
	for _, s := range f.Sentinels {
		answer, err := s.Try("SENTINEL", "get-master-addr-by-name", MasterName)
		if pair, ok := answer.([]any); ok && err == nil && len(pair) == 2 {
			host, _ := pair[0].(string)
			port, _ := pair[1].(string)
			votes[net.JoinHostPort(host, port)]++
		}
	}
	for _, s := range f.Servers {
		if votes[s.announcedAddr()] < 2 || !s.Running() {
			continue
		}
		if role, _ := s.role(); role == "master" {
			return s
		}
	}
	return nil
}

// WaitHealthy waits until there is a master that every other server follows, and every Sentinel knows
// all servers. It returns the master.
func (f *Failover) WaitHealthy() *Server {
	f.t.Helper()
	var master *Server
	until(f.t, failoverWait, "a master with all replicas and Sentinels", func() bool {
		if master = f.Master(); master == nil {
			return false
		}
		_, replicas := master.role()
		return replicas == len(f.Servers)-1 && f.replicasInSync(master) && f.sentinelsAgree()
	})
	return master
}

// replicasInSync reports whether every other server has the master's data.
func (f *Failover) replicasInSync(master *Server) bool {
	for _, s := range f.Servers {
		if s == master {
			continue
		}
		answer, err := s.Try("INFO", "replication")
		if text, _ := answer.(string); err != nil || !strings.Contains(text, "role:slave") || !strings.Contains(text, "master_link_status:up") {
			return false
		}
	}
	return true
}

// sentinelsAgree reports whether every Sentinel knows the others, and sees all replicas up.
func (f *Failover) sentinelsAgree() bool {
	for _, s := range f.Sentinels {
		if _, err := s.Try("SENTINEL", "ckquorum", MasterName); err != nil {
			return false
		}
		answer, err := s.Try("SENTINEL", "replicas", MasterName)
		replicas, _ := answer.([]any)
		if err != nil || len(replicas) < len(f.Servers)-1 {
			return false
		}
		for _, replica := range replicas {
			if text := joinStrings(replica); strings.Contains(text, "_down") || strings.Contains(text, "disconnected") {
				return false
			}
		}
	}
	return true
}

// joinStrings joins the strings of a list with spaces.
func joinStrings(list any) string {
	all, _ := list.([]any)
	var words []string
	for _, one := range all {
		if word, ok := one.(string); ok {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

// WaitPromoted waits until another server than old is the master, and returns it.
func (f *Failover) WaitPromoted(old *Server) *Server {
	f.t.Helper()
	var master *Server
	until(f.t, failoverWait, "another master", func() bool {
		master = f.Master()
		return master != nil && master != old
	})
	return master
}
