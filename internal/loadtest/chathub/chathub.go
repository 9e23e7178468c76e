// Package chathub is a hub in the style of gorilla/websocket's chat example: one
// goroutine owns a map of clients, with channels to register, unregister and broadcast;
// each connection has a queue of 256 messages and two goroutines. It keeps no history: a
// client that is not connected misses the messages sent meanwhile. The load test measures
// matchfloor and this hub on the same machine, for comparison with a well-known design.
package chathub

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// The settings of gorilla's chat example, except for the element type of the queue.
const (
	writeWait    = 10 * time.Second
	pongWait     = 60 * time.Second
	pingPeriod   = pongWait * 9 / 10
	maxMessage   = 512
	maxPublished = 1 << 20
	queueSize    = 256
	bufferSize   = 1024
)

// Hub is the hub. Run must run while it serves requests.
type Hub struct {
	clients    map[int]*client
	broadcast  chan message
	register   chan *client
	unregister chan *client
	ended      chan struct{} // closed when Run has ended
	upgrader   websocket.Upgrader
}

// message is a prepared message for the clients with these ids; nil means all clients.
type message struct {
	to       []int
	prepared *websocket.PreparedMessage
}

type client struct {
	id   int
	conn *websocket.Conn
	send chan *websocket.PreparedMessage
}

// New returns a hub without clients.
func New() *Hub {
	return &Hub{
		clients: make(map[int]*client), broadcast: make(chan message),
		register: make(chan *client), unregister: make(chan *client), ended: make(chan struct{}),
		upgrader: websocket.Upgrader{ReadBufferSize: bufferSize, WriteBufferSize: bufferSize},
	}
}

// Run serves the channels until done is closed, and then closes every client. The caller
// must call it once.
func (h *Hub) Run(done <-chan struct{}) {
	defer close(h.ended)
	for {
		select {
		case c := <-h.register:
			if old := h.clients[c.id]; old != nil {
				h.drop(old)
			}
			h.clients[c.id] = c
		case c := <-h.unregister:
			h.drop(c)
		case m := <-h.broadcast:
			h.deliver(m)
		case <-done:
			for _, c := range h.clients {
				h.drop(c)
			}
			return
		}
	}
}

func (h *Hub) deliver(m message) {
	if m.to == nil {
		for _, c := range h.clients {
			h.queue(c, m.prepared)
		}
		return
	}
	for _, id := range m.to {
		if c := h.clients[id]; c != nil {
			h.queue(c, m.prepared)
		}
	}
}

// queue appends a message to a client's queue, and drops the client if that is full.
func (h *Hub) queue(c *client, m *websocket.PreparedMessage) {
	select {
	case c.send <- m:
	default:
		h.drop(c)
	}
}

func (h *Hub) drop(c *client) {
	if h.clients[c.id] == c {
		delete(h.clients, c.id)
		close(c.send)
	}
}

// ServeHTTP accepts clients at /ws?id=N. At /control it accepts a sender, whose messages
// begin with the comma-separated ids of the receivers, or none for all clients, and a
// line feed. A POST of such a message to /publish broadcasts it too, and is answered once the
// hub has it.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/publish" {
		h.publish(w, r)
		return
	}
	if r.URL.Path != "/ws" && r.URL.Path != "/control" {
		http.NotFound(w, r)
		return
	}
	id, err := strconv.Atoi(r.FormValue("id"))
	if err != nil && r.URL.Path == "/ws" {
		http.Error(w, "the parameter id is missing", http.StatusBadRequest)
		return
	}
	if r.URL.Path == "/control" {
		if conn, err := h.upgrader.Upgrade(w, r, nil); err == nil { // otherwise the upgrader has responded
			h.control(conn)
		}
		return
	}
	h.accept(w, r, id)
}

// accept registers a client before it responds to the handshake, so that a connected
// client misses no message.
func (h *Hub) accept(w http.ResponseWriter, r *http.Request, id int) {
	c := &client{id: id, send: make(chan *websocket.PreparedMessage, queueSize)}
	select {
	case h.register <- c:
	case <-h.ended:
		http.Error(w, errEnded.Error(), http.StatusServiceUnavailable)
		return
	}
	conn, err := h.upgrader.Upgrade(w, r, nil)
	if err != nil { // the upgrader has responded
		select {
		case h.unregister <- c:
		case <-h.ended:
		}
		return
	}
	c.conn = conn
	go c.write()
	go c.read(h)
}

// control broadcasts the messages of a sender until its connection ends.
func (h *Hub) control(conn *websocket.Conn) {
	defer conn.Close()
	for {
		_, text, err := conn.ReadMessage()
		if err != nil {
			return
		}
		if h.send(text) != nil {
			return
		}
	}
}

// publish broadcasts the message of a POST.
func (h *Hub) publish(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "only POST publishes", http.StatusMethodNotAllowed)
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPublished))
	if err != nil {
		http.Error(w, "the message cannot be read", http.StatusBadRequest)
		return
	}
	if err := h.send(text); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// errEnded means that the hub has ended.
var errEnded = errors.New("the hub has ended")

// send broadcasts a sender's message: see ServeHTTP.
func (h *Hub) send(text []byte) error {
	ids, body, _ := strings.Cut(string(text), "\n")
	prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, []byte(body))
	if err != nil {
		return err
	}
	m := message{prepared: prepared}
	for id := range strings.SplitSeq(ids, ",") {
		if n, err := strconv.Atoi(id); err == nil {
			m.to = append(m.to, n)
		}
	}
	select {
	case h.broadcast <- m:
		return nil
	case <-h.ended:
		return errEnded
	}
}

// read discards the messages of a client, and unregisters it when the connection ends.
func (c *client) read(h *Hub) {
	defer func() {
		select {
		case h.unregister <- c:
		case <-h.ended:
		}
		c.conn.Close()
	}()
	c.conn.SetReadLimit(maxMessage)
	alive := func(string) error { return c.conn.SetReadDeadline(time.Now().Add(pongWait)) }
	if alive("") != nil {
		return
	}
	c.conn.SetPongHandler(alive)
	for {
		if _, _, err := c.conn.ReadMessage(); err != nil {
			return
		}
	}
}

// write sends the queued messages, and a ping every pingPeriod.
func (c *client) write() {
	ticker := time.NewTicker(pingPeriod)
	defer func() {
		ticker.Stop()
		c.conn.Close()
	}()
	for {
		var err error
		select {
		case m, open := <-c.send:
			if !open {
				// The hub has dropped the client: it may have left, or stopped reading.
				_ = c.conn.WriteControl(websocket.CloseMessage, nil, time.Now().Add(time.Second))
				return
			}
			if err = c.conn.SetWriteDeadline(time.Now().Add(writeWait)); err == nil {
				err = c.conn.WritePreparedMessage(m)
			}
		case <-ticker.C:
			err = c.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait))
		}
		if err != nil {
			return
		}
	}
}
