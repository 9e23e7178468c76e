package client

import (
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/floor"
)

// Options configure a client. The zero value is ready to use.
type Options struct {
	// Event is the event to follow with an organiser's link, which belongs to no
	// event itself. With any other link it must be empty or the link's event.
	Event floor.EventID
	// Saved is a view to resume from, as Client.Save returned it for the same link.
	// The client owns it from now on: it changes the map of cards.
	Saved *SavedView
	// Hidden means that nobody looks at the screen: see Client.SetHidden.
	Hidden bool
	// Observe, if not nil, is called for each frame that changed the view, in order,
	// after the frame was applied and before Wait and WaitFor return because of it.
	// The next frame waits until it returns. It must not call the client.
	Observe func(ViewChange)
	// OnlineChanged, if not nil, is called with true when Client.Online becomes true:
	// after Observe was called for the frame by which the view became current. It is
	// called with false and the reason when the connection ends. If the reason is a
	// *ClosedError, the client has ended; otherwise it connects again. It is not
	// called for Close.
	// Frames wait until it returns. It must not call the client.
	OnlineChanged func(online bool, reason error)
	// Transport is how to make the live connection; the default is TransportAuto.
	Transport Transport
	// HTTP is used to sign in, to fetch large snapshots, and for the connection
	// itself where it is no WebSocket; there its Timeout does not apply. Nil means a
	// client with a timeout of 30 seconds that all clients of the process share.
	HTTP *http.Client
	// Dialer makes the WebSockets. Nil means one with small buffers that uses the
	// proxy of the environment.
	Dialer *websocket.Dialer
	// Log receives a debug record for each connection that ended, without the
	// secret or anything personal; nil means none.
	Log *slog.Logger
	// Jitter returns the random numbers in [0, 1) by which pauses are shortened; nil
	// means math/rand/v2's.
	Jitter func() float64
}

// withDefaults fills in what is not set.
func (o Options) withDefaults() Options {
	if o.HTTP == nil {
		o.HTTP = sharedHTTP
	}
	if o.Dialer == nil {
		o.Dialer = sharedDialer
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// dialTimeout bounds the handshake of a WebSocket.
const dialTimeout = 6 * time.Second

// sharedHTTP is used by every client without an Options.HTTP: they all call the
// same few hosts.
var sharedHTTP = &http.Client{Timeout: 30 * time.Second}

var sharedDialer = &websocket.Dialer{
	Proxy:            http.ProxyFromEnvironment,
	HandshakeTimeout: dialTimeout,
	ReadBufferSize:   1024,
	WriteBufferSize:  1024,
	WriteBufferPool:  &sync.Pool{},
}
