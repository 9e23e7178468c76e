package redistest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Slots is the number of slots of a cluster.
const Slots = 16384

// clusterTimeout bounds every wait for a cluster to agree.
const clusterTimeout = 60 * time.Second

// nodeTimeout is the number of milliseconds after which the servers of a cluster take one that is
// silent to have failed. On two busy processors a server that runs can be silent for two seconds.
const nodeTimeout = 4000

// Cluster is three masters that share the slots, each with one replica or without.
type Cluster struct {
	Servers []*Server // the first three began as masters

	t testing.TB
}

// StartCluster starts a cluster, with three replicas or without, and waits until it serves all
// slots. With replicas, a master takes no writes while its replica is away. Further arguments are
// settings of the servers.
func StartCluster(t testing.TB, replicas bool, args ...string) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	count := 3
	if replicas {
		count = 6
		// A replica that is busy is not away: one that has died has no connection at all.
		args = append([]string{"--min-replicas-to-write", "1", "--min-replicas-max-lag", "10"}, args...)
	}
	for range count {
		_, bus := split(t, freeAddr(t))
		c.Servers = append(c.Servers, Start(t, append([]string{"--cluster-enabled", "yes", "--cluster-node-timeout", strconv.Itoa(nodeTimeout), "--cluster-port", bus}, args...)...))
	}
	for i, s := range c.Servers {
		s.Do("CLUSTER", "SET-CONFIG-EPOCH", i+1)
		if i < 3 {
			s.Do("CLUSTER", "ADDSLOTSRANGE", Slots*i/3, Slots*(i+1)/3-1)
		}
	}
	c.meet()
	for i, s := range c.Servers[3:] {
		id := c.Servers[i].ID()
		until(t, clusterTimeout, "a node to be known", func() bool { _, err := s.Try("CLUSTER", "REPLICATE", id); return err == nil })
	}
	c.WaitHealthy()
	t.Cleanup(c.logViews)
	return c
}

// logViews logs in a line for each server how it sees the cluster, its replication and itself, if
// the test has failed.
func (c *Cluster) logViews() {
	if !c.t.Failed() {
		return
	}
	for _, s := range c.Servers {
		if s.Running() {
			c.t.Logf("%s sees %s", s.Addr, s.view())
		} else {
			c.t.Logf("%s does not run", s.Addr)
		}
	}
}

// view returns in one line how the server sees its cluster, each node of it and its replication.
func (s *Server) view() string {
	var lines []string
	for _, command := range [][]any{{"CLUSTER", "INFO"}, {"INFO", "replication"}, {"CLUSTER", "NODES"}} {
		answer, err := s.Try(command...)
		if err != nil {
			lines = append(lines, err.Error())
			continue
		}
		for line := range strings.Lines(fmt.Sprint(answer)) {
			for _, prefix := range []string{"cluster_state", "cluster_slots", "cluster_current_epoch", "role", "slave", "master_link_status"} {
				if strings.HasPrefix(line, prefix) || command[1] == "NODES" {
					lines = append(lines, strings.TrimSpace(line))
					break
				}
			}
		}
	}
	return strings.Join(lines, "; ")
}

// meet introduces every server to the first, which passes that on to the others.
func (c *Cluster) meet() {
	host, port := split(c.t, c.Servers[0].Addr)
	answer, ok := c.Servers[0].Do("CONFIG", "GET", "cluster-port").([]any)
	if !ok || len(answer) != 2 {
		c.t.Fatal("Redis does not report the port of the cluster bus")
	}
	for _, s := range c.Servers[1:] {
		s.Do("CLUSTER", "MEET", host, port, answer[1])
	}
}

// ID returns the id of a server in its cluster.
func (s *Server) ID() string {
	s.t.Helper()
	id, _ := s.Do("CLUSTER", "MYID").(string)
	return id
}

// URL returns a redis+cluster URL with all servers.
func (c *Cluster) URL() string {
	var all []string
	for _, s := range c.Servers {
		all = append(all, s.Addr)
	}
	return "redis+cluster://" + strings.Join(all, ",")
}

// WaitHealthy waits until every server reports that the cluster is healthy, and every replica has its
// master's data.
func (c *Cluster) WaitHealthy() {
	c.t.Helper()
	until(c.t, clusterTimeout, "a healthy cluster", func() bool {
		for _, s := range c.Servers {
			if !s.seesHealthyCluster(len(c.Servers)) {
				return false
			}
		}
		return true
	})
}

// seesHealthyCluster reports whether the server sees a healthy cluster of the given size.
func (s *Server) seesHealthyCluster(servers int) bool {
	answer, err := s.Try("CLUSTER", "INFO")
	info, _ := answer.(string)
	if err != nil || !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d\r", servers)) {
		return false
	}
	answer, err = s.Try("CLUSTER", "NODES")
	nodes, _ := answer.(string)
	if err != nil || strings.Contains(nodes, "fail") || strings.Contains(nodes, "handshake") {
		return false
	}
	answer, err = s.Try("INFO", "replication")
	replication, _ := answer.(string)
	if err != nil || strings.Contains(replication, "master_link_status:down") {
		return false
	}
	return !strings.Contains(replication, "role:master") || servers == 3 || strings.Contains(replication, "state=online")
}

// Owner waits until all servers agree on the owner of a slot, and returns it.
func (c *Cluster) Owner(slot int) *Server {
	c.t.Helper()
	var owner *Server
	until(c.t, clusterTimeout, "an owner of the slot", func() bool {
		owner = c.owner(slot)
		return owner != nil
	})
	return owner
}

// owner returns the owner of a slot, on which all running servers agree. It returns nil if they
// do not agree, or if the owner does not run.
func (c *Cluster) owner(slot int) *Server {
	var owner *Server
	for _, s := range c.Servers {
		if !s.Running() {
			continue
		}
		addr := s.seesOwner(slot)
		for _, o := range c.Servers {
			if o.Addr != addr {
				continue
			}
			if owner != nil && owner != o {
				return nil
			}
			owner = o
		}
	}
	if owner == nil || !owner.Running() {
		return nil
	}
	return owner
}

// seesOwner returns the address of the slot's master as s sees it.
func (s *Server) seesOwner(slot int) string {
	answer, err := s.Try("CLUSTER", "SLOTS")
	ranges, _ := answer.([]any)
	if err != nil {
		return ""
	}
	for _, entry := range ranges {
		r, _ := entry.([]any)
		if len(r) < 3 {
			continue
		}
		first, _ := r[0].(int64)
		last, _ := r[1].(int64)
		node, _ := r[2].([]any)
		if int64(slot) >= first && int64(slot) <= last && len(node) > 1 {
			return fmt.Sprintf("%v:%v", node[0], node[1])
		}
	}
	return ""
}

// WaitPromoted waits until another server than old is the owner of the slot, and returns it.
func (c *Cluster) WaitPromoted(slot int, old *Server) *Server {
	c.t.Helper()
	var owner *Server
	until(c.t, clusterTimeout, "another owner of the slot", func() bool {
		owner = c.owner(slot)
		if owner == nil || owner == old {
			return false
		}
		role, _ := owner.role()
		return role == "master"
	})
	return owner
}

// Migrate moves a slot with its keys, one key at a time. It calls moved after each key with the
// number of keys left, before it assigns the slot to the new owner.
func (c *Cluster) Migrate(slot int, from, to *Server, moved func(left int)) {
	c.t.Helper()
	to.Do("CLUSTER", "SETSLOT", slot, "IMPORTING", from.ID())
	from.Do("CLUSTER", "SETSLOT", slot, "MIGRATING", to.ID())
	host, port := split(c.t, to.Addr)
	for {
		keys, _ := from.Do("CLUSTER", "GETKEYSINSLOT", slot, 100).([]any)
		if len(keys) == 0 {
			break
		}
		from.Do("MIGRATE", host, port, keys[0], 0, 10_000, "REPLACE")
		moved(len(keys) - 1)
	}
	c.assign(slot, to, to, from)
}

// assign tells each of the servers, in order, that to is the owner of a slot.
func (c *Cluster) assign(slot int, to *Server, servers ...*Server) {
	c.t.Helper()
	id := to.ID()
	for _, s := range servers {
		s.Do("CLUSTER", "SETSLOT", slot, "NODE", id)
	}
}

// Disown makes each of two servers report that the other is the owner of a slot while during
// runs. The slot must have no keys; a is its owner afterwards.
func (c *Cluster) Disown(slot int, a, b *Server, during func()) {
	c.t.Helper()
	c.assign(slot, b, a)
	c.assign(slot, a, b)
	during()
	c.assign(slot, a, a, b)
}

// Masters returns the servers that are masters now.
func (c *Cluster) Masters() []*Server {
	var masters []*Server
	for _, s := range c.Servers {
		if role, _ := s.role(); role == "master" {
			masters = append(masters, s)
		}
	}
	return masters
}
