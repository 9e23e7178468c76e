package redisjournal

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// The time-outs of a connection. A caller's context may end a call earlier.
const (
	dialTimeout  = 2 * time.Second
	replyTimeout = 5 * time.Second
	// With Sentinel, a dial first asks a Sentinel for the master. The library goes on to the
	// next Sentinel only when a second question to a hung one fails too, so there must be
	// time for that question after the first has timed out.
	findTimeout = replyTimeout + time.Second
)

// maxConnections is the limit of one node to each Redis. A durable append holds a connection
// while it waits for replicas.
const maxConnections = 64

// connectOptions returns the options of every client. The settings that the contract depends on
// cannot be changed by the URL.
func connectOptions(a *address, options Options) (*redis.UniversalOptions, error) {
	tlsConf, err := tlsConfig(a, options)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}
	return &redis.UniversalOptions{
		Addrs:            a.hosts,
		DB:               a.db,
		Username:         a.user,
		Password:         a.password,
		SentinelUsername: a.sentinelUser,
		SentinelPassword: a.sentinelPassword,
		MasterName:       a.master,
		ClientName:       a.clientName,
		IsClusterMode:    a.topology == cluster,

		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if options.dial != nil {
				return options.dial(ctx, network, addr)
			}
			if tlsConf != nil {
				return (&tls.Dialer{NetDialer: dialer, Config: tlsConf}).DialContext(ctx, network, addr)
			}
			return dialer.DialContext(ctx, network, addr)
		},
		DialTimeout:           findTimeout,
		DialerRetries:         1,
		ReadTimeout:           replyTimeout,
		WriteTimeout:          replyTimeout,
		ContextTimeoutEnabled: true,
		PoolSize:              maxConnections,
		PipelinePoolSize:      -1, // pipelines are rare: they have no pool of their own

		Protocol:                 2,  // the form of pub/sub messages that the subscription expects
		MaxRetries:               -1, // the caller decides what is sent again
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}, nil
}

// tlsConfig returns nil if the URL does not ask for TLS.
func tlsConfig(a *address, options Options) (*tls.Config, error) {
	if !a.tls {
		if options.CA != "" || options.Certificate != "" || options.Key != "" || a.serverName != "" {
			return nil, errors.New("certificates are for a URL that begins with rediss")
		}
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: a.serverName}
	if options.CA != "" {
		pem, err := os.ReadFile(options.CA)
		if err != nil {
			return nil, fmt.Errorf("the authorities: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the authorities: %s holds no certificate in PEM", options.CA)
		}
	}
	if (options.Certificate == "") != (options.Key == "") {
		return nil, errors.New("a certificate needs its key, and a key its certificate")
	}
	if options.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(options.Certificate, options.Key)
		if err != nil {
			return nil, fmt.Errorf("the client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// newClient returns a client of the library. It does not connect.
func newClient(connect *redis.UniversalOptions) redis.UniversalClient {
	switch {
	case connect.MasterName != "":
		c := redis.NewFailoverClient(connect.Failover())
		c.AddHook(dialHook{})
		return c
	case connect.IsClusterMode:
		options := connect.Cluster()
		options.ClusterStateReloadInterval = 10 * time.Second
		options.DisableRoutingPolicies = true // they query the list of all commands
		c := redis.NewClusterClient(options)
		c.OnNewNode(func(node *redis.Client) { node.AddHook(dialHook{}) })
		return c
	default:
		return newSingleClient(connect, connect.Addrs[0])
	}
}

// newSingleClient returns a client of the server at addr.
func newSingleClient(connect *redis.UniversalOptions, addr string) *redis.Client {
	options := connect.Simple()
	options.Addr = addr
	c := redis.NewClient(options)
	c.AddHook(dialHook{})
	return c
}

// errDial marks a failure before there was a connection: the command was not sent. That includes
// the failure to find out which server to dial.
var errDial = errors.New("redisjournal: no connection")

// dialHook marks failed dials with errDial.
type dialHook struct{}

// DialHook implements redis.Hook.
func (dialHook) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := next(ctx, network, addr)
		if err != nil {
			err = fmt.Errorf("%w: %w", errDial, err)
		}
		return conn, err
	}
}

// ProcessHook implements redis.Hook.
func (dialHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

// ProcessPipelineHook implements redis.Hook.
func (dialHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
