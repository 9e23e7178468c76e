package redisjournal

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// topology is how the servers at an address are run.
type topology string

const (
	standalone topology = ""
	sentinel   topology = "+sentinel"
	cluster    topology = "+cluster"
)

// address is the content of a Redis URL.
type address struct {
	topology                       topology
	tls                            bool
	hosts                          []string // host:port each; with sentinel, those of the Sentinels
	user, password                 string
	sentinelUser, sentinelPassword string
	master                         string // the name that Sentinel knows it by
	serverName, clientName         string
	db                             int
}

// parseAddress reads a URL as CheckURL describes it.
func parseAddress(text string) (*address, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	a, err := parseScheme(scheme)
	if !ok || err != nil {
		return nil, errScheme
	}
	// Package net/url does not parse a list of hosts.
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	userinfo, hosts := "", rest[:end]
	if at := strings.LastIndexByte(hosts, '@'); at >= 0 {
		userinfo, hosts = hosts[:at+1], hosts[at+1:]
	}
	if a.hosts, err = a.parseHosts(hosts); err != nil {
		return nil, err
	}
	u, err := url.Parse("redis://" + userinfo + "host" + rest[end:])
	if err != nil {
		return nil, errors.New("a user, password, path or parameter is not written as a URL requires (%40 for @, %2F for /)")
	}
	a.user = u.User.Username()
	a.password, _ = u.User.Password()
	if u.Fragment != "" {
		return nil, errors.New("it has a # and text after it; in a password # is written %23")
	}
	if err := a.parsePath(strings.Trim(u.Path, "/")); err != nil {
		return nil, err
	}
	return a, a.parseQuery(u.RawQuery)
}

var errScheme = errors.New("it begins with redis://, redis+sentinel:// or redis+cluster://, or with rediss for TLS")

func parseScheme(scheme string) (*address, error) {
	tail, ok := strings.CutPrefix(strings.ToLower(scheme), "redis")
	tail, tls := strings.CutPrefix(tail, "s")
	a := &address{topology: topology(tail), tls: tls}
	if !ok || !slices.Contains([]topology{standalone, sentinel, cluster}, a.topology) {
		return nil, errScheme
	}
	return a, nil
}

func (a *address) parseHosts(text string) (hosts []string, err error) {
	for entry := range strings.SplitSeq(text, ",") {
		host, port, err := net.SplitHostPort(entry)
		if err != nil { // no port
			host, port = strings.Trim(entry, "[]"), "6379"
			if a.topology == sentinel {
				port = "26379"
			}
		}
		if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 || !validHost(host) {
			return nil, fmt.Errorf("host %d is not of the form redis.example:6379", len(hosts)+1)
		}
		hosts = append(hosts, net.JoinHostPort(host, port))
	}
	if a.topology == standalone && len(hosts) > 1 {
		return nil, errors.New("several hosts need redis+sentinel:// or redis+cluster://")
	}
	return hosts, nil
}

// validHost reports whether host may be a name or an IP address.
func validHost(host string) bool {
	if strings.Contains(host, ":") {
		return net.ParseIP(strings.SplitN(host, "%", 2)[0]) != nil
	}
	return host != "" && !strings.ContainsAny(host, " @%[]<>\"'\\")
}

func (a *address) parsePath(path string) error {
	switch {
	case a.topology == cluster && path != "":
		return errors.New("a cluster has no databases, so nothing may follow the hosts")
	case a.topology == sentinel:
		if a.master = path; path == "" || strings.ContainsAny(path, "/ ") {
			return errors.New("the name by which Sentinel knows the master is missing: redis+sentinel://host:26379/mymaster")
		}
	case path != "":
		return a.parseDB(path)
	}
	return nil
}

func (a *address) parseDB(text string) error {
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return errors.New("the database is not a number")
	}
	a.db = int(number)
	return nil
}

func (a *address) parseQuery(text string) error {
	query, err := url.ParseQuery(text)
	if err != nil {
		return errors.New("its parameters are not written as a URL requires (%26 for &, %25 for a percent sign)")
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		values := query[name]
		if len(values) > 1 {
			return fmt.Errorf("the parameter %q occurs %d times", name, len(values))
		}
		if err := a.set(name, values[0]); err != nil {
			return err
		}
	}
	return nil
}

// set applies one parameter. The error does not repeat an unknown name, which may be part of a
// password.
func (a *address) set(name, value string) error {
	switch {
	case name == "server_name":
		a.serverName = value
	case name == "client_name":
		a.clientName = value
	case a.topology == sentinel && name == "sentinel_user":
		a.sentinelUser = value
	case a.topology == sentinel && name == "sentinel_password":
		a.sentinelPassword = value
	case a.topology == sentinel && name == "db":
		return a.parseDB(value)
	default:
		return errors.New("a parameter is not known; the known ones are server_name, client_name and, with Sentinel, sentinel_user, sentinel_password and db")
	}
	return nil
}
