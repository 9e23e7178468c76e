package ws

import "testing"

// workingPoller returns a poller for testConfig that has passed its check.
func workingPoller(t testing.TB) *Poller {
	t.Helper()
	return newCheckedPoller(t, testConfig)
}

// newCheckedPoller returns a poller that has passed its check.
func newCheckedPoller(t testing.TB, config Config) *Poller {
	t.Helper()
	config.PollerFailed = func(err error) { t.Errorf("the poller does not work: %v", err) }
	p := newPoller(config, kernelEpoll)
	p.check(testTimeout)
	if !p.Working() {
		t.Fatal("the poller does not work")
	}
	return p
}
