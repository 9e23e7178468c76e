package redistest

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Try sends one command on a new connection, and returns the result.
func (s *Server) Try(args ...any) (any, error) {
	client := redis.NewClient(&redis.Options{
		Addr: s.Addr, TLSConfig: s.tls, Protocol: 2, MaxRetries: -1, DialerRetries: 1, PoolSize: 1,
		DialTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
	})
	answer, err := client.Do(context.Background(), args...).Result()
	_ = client.Close() // the result is there already
	return answer, err
}

// Do is Try for a command that must succeed.
func (s *Server) Do(args ...any) any {
	s.t.Helper()
	answer, err := s.Try(args...)
	if err != nil {
		s.t.Fatalf("%v: %v", args, err)
	}
	return answer
}

// role returns "master" or "slave", and for a master the number of connected replicas. It returns
// "" if the server does not answer.
func (s *Server) role() (role string, replicas int) {
	answer, err := s.Try("ROLE")
	list, _ := answer.([]any)
	if err != nil || len(list) == 0 {
		return "", 0
	}
	role, _ = list[0].(string)
	if role == "master" && len(list) == 3 {
		all, _ := list[2].([]any)
		replicas = len(all)
	}
	return role, replicas
}

// until waits until done returns true.
func until(t testing.TB, within time.Duration, what string, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(within)
	for !done() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited %v for %s", within, what)
		}
	}
}
