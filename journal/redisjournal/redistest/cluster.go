package redistest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Slots is how many slots a cluster has.
const Slots = 16384

// clusterTime bounds every wait for a cluster to agree.
const clusterTime = 60 * time.Second

// Cluster is three masters that share the slots, each with a replica or none.
type Cluster struct {
	Servers []*Server // the first three began as masters

	t testing.TB
}

// StartCluster starts a cluster, with three replicas or none, and waits until it
// serves all slots. Further arguments are settings of the servers.
func StartCluster(t testing.TB, replicas bool, args ...string) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	count := 3
	if replicas {
		count = 6
	}
	for range count {
		_, bus := split(t, freeAddr(t))
		c.Servers = append(c.Servers, Start(t, append([]string{"--cluster-enabled", "yes", "--cluster-node-timeout", "1500", "--cluster-port", bus}, args...)...))
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
		until(t, clusterTime, "a node to be known", func() bool { _, err := s.Try("CLUSTER", "REPLICATE", id); return err == nil })
	}
	c.Whole()
	return c
}

// meet makes every server known to the first, which tells the others.
func (c *Cluster) meet() {
	host, port := split(c.t, c.Servers[0].Addr)
	answer, ok := c.Servers[0].Do("CONFIG", "GET", "cluster-port").([]any)
	if !ok || len(answer) != 2 {
		c.t.Fatal("Redis does not tell the port of the cluster's bus")
	}
	for _, s := range c.Servers[1:] {
		s.Do("CLUSTER", "MEET", host, port, answer[1])
	}
}

// ID answers the name of a server in its cluster.
func (s *Server) ID() string {
	s.t.Helper()
	id, _ := s.Do("CLUSTER", "MYID").(string)
	return id
}

// URL answers redis+cluster://… with all servers.
func (c *Cluster) URL() string {
	var all []string
	for _, s := range c.Servers {
		all = append(all, s.Addr)
	}
	return "redis+cluster://" + strings.Join(all, ",")
}

// Whole waits until every server says that the cluster is well, and every
// replica has its master's data.
func (c *Cluster) Whole() {
	c.t.Helper()
	until(c.t, clusterTime, "a whole cluster", func() bool {
		for _, s := range c.Servers {
			if !s.well(len(c.Servers)) {
				return false
			}
		}
		return true
	})
}

// well reports whether the server sees a cluster of that many servers in order.
func (s *Server) well(servers int) bool {
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

// Owner waits until all servers agree on who has a slot, and answers that one.
func (c *Cluster) Owner(slot int) *Server {
	c.t.Helper()
	var owner *Server
	until(c.t, clusterTime, "an owner of the slot", func() bool {
		owner = c.owner(slot)
		return owner != nil
	})
	return owner
}

// owner answers the server that all that run say has a slot; nil while they do not
// agree or it does not run.
func (c *Cluster) owner(slot int) *Server {
	var owner *Server
	for _, s := range c.Servers {
		if !s.Running() {
			continue
		}
		addr := s.ownerOf(slot)
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

// ownerOf answers the address of the slot's master as s sees it.
func (s *Server) ownerOf(slot int) string {
	answer, err := s.Try("CLUSTER", "SLOTS")
	ranges, _ := answer.([]any)
	if err != nil {
		return ""
	}
	for _, one := range ranges {
		r, _ := one.([]any)
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

// Promoted waits until another server than old has the slot, and answers it.
func (c *Cluster) Promoted(slot int, old *Server) *Server {
	c.t.Helper()
	var owner *Server
	until(c.t, clusterTime, "another owner of the slot", func() bool {
		owner = c.owner(slot)
		if owner == nil || owner == old {
			return false
		}
		role, _ := owner.role()
		return role == "master"
	})
	return owner
}

// Migrate moves a slot with its keys, one key at a time; moved is called after each,
// with how many are left, before the slot is the new owner's.
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
	c.give(slot, to, to, from)
}

// give tells each of those, in order, that a slot is to's.
func (c *Cluster) give(slot int, to *Server, those ...*Server) {
	c.t.Helper()
	id := to.ID()
	for _, s := range those {
		s.Do("CLUSTER", "SETSLOT", slot, "NODE", id)
	}
}

// Disown lets each of two servers say that a slot is the other's while during runs.
// The slot, which must have no keys, is a's afterwards.
func (c *Cluster) Disown(slot int, a, b *Server, during func()) {
	c.t.Helper()
	c.give(slot, b, a)
	c.give(slot, a, b)
	during()
	c.give(slot, a, a, b)
}

// Masters answers the servers that are masters just now.
func (c *Cluster) Masters() []*Server {
	var masters []*Server
	for _, s := range c.Servers {
		if role, _ := s.role(); role == "master" {
			masters = append(masters, s)
		}
	}
	return masters
}
