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

// The time-outs of a connection, beside those of the callers' contexts.
const (
	dialTime  = 2 * time.Second
	replyTime = 5 * time.Second
	// Under Sentinel, to dial is first to ask one who may have stopped answering. It
	// is left for the others when a second question to it fails too, so there has
	// to be time for that one after the first has timed out.
	findTime = replyTime + time.Second
)

// connections is how many one node may have to each Redis; a durable append holds
// one while it waits for replicas.
const connections = 64

// connection makes the options of every client. Whatever the URL says, the
// settings that the contract depends on are these.
func connection(a *address, options Options) (*redis.UniversalOptions, error) {
	secure, err := tlsConfig(a, options)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: dialTime, KeepAlive: 15 * time.Second}
	return &redis.UniversalOptions{
		Addrs:            a.hosts,
		DB:               a.db,
		Username:         a.user,
		Password:         a.password,
		SentinelUsername: a.sentinelUser,
		SentinelPassword: a.sentinelPassword,
		MasterName:       a.master,
		ClientName:       a.clientName,
		IsClusterMode:    a.kind == cluster,

		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if options.dial != nil {
				return options.dial(ctx, network, addr)
			}
			if secure != nil {
				return (&tls.Dialer{NetDialer: dialer, Config: secure}).DialContext(ctx, network, addr)
			}
			return dialer.DialContext(ctx, network, addr)
		},
		DialTimeout:           findTime,
		DialerRetries:         1,
		ReadTimeout:           replyTime,
		WriteTimeout:          replyTime,
		ContextTimeoutEnabled: true,
		PoolSize:              connections,
		PipelinePoolSize:      -1, // pipelines are rare: no pool of their own

		Protocol:                 2,  // pub/sub answers in the form that the subscription expects
		MaxRetries:               -1, // sending again is the caller's decision
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}, nil
}

// tlsConfig answers nil where the URL asks for no TLS.
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
		return nil, errors.New("a certificate and its key belong together")
	}
	if options.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(options.Certificate, options.Key)
		if err != nil {
			return nil, fmt.Errorf("our certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// client makes the client for connect. It does not connect.
func client(connect *redis.UniversalOptions) redis.UniversalClient {
	switch {
	case connect.MasterName != "":
		c := redis.NewFailoverClient(connect.Failover())
		c.AddHook(dialing{})
		return c
	case connect.IsClusterMode:
		options := connect.Cluster()
		options.ClusterStateReloadInterval = 10 * time.Second
		options.DisableRoutingPolicies = true // they ask Redis for all its commands
		c := redis.NewClusterClient(options)
		c.OnNewNode(func(node *redis.Client) { node.AddHook(dialing{}) })
		return c
	default:
		return single(connect, connect.Addrs[0])
	}
}

// single makes the client of one Redis at addr.
func single(connect *redis.UniversalOptions, addr string) *redis.Client {
	options := connect.Simple()
	options.Addr = addr
	c := redis.NewClient(options)
	c.AddHook(dialing{})
	return c
}

// errDial marks what failed before there was a connection: whatever was to be
// sent on it was not. It includes not finding out whom to dial.
var errDial = errors.New("redisjournal: no connection")

// dialing is the hook that marks it.
type dialing struct{}

// DialHook implements redis.Hook.
func (dialing) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := next(ctx, network, addr)
		if err != nil {
			err = fmt.Errorf("%w: %w", errDial, err)
		}
		return conn, err
	}
}

// ProcessHook implements redis.Hook.
func (dialing) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

// ProcessPipelineHook implements redis.Hook.
func (dialing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
