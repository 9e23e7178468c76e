// Package chathub is the hub that one writes first: a goroutine that owns a map
// of clients, channels to register, unregister and broadcast, a queue of 256
// messages and two goroutines for each connection. It keeps nothing: whoever is
// away misses what is sent. Load is measured against it, so that what is told of
// matchfloor is told beside something that everybody knows, on the same machine.
package chathub

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// The settings of gorilla's chat example, but for the queue's type.
const (
	writeWait  = 10 * time.Second
	pongWait   = 60 * time.Second
	pingPeriod = pongWait * 9 / 10
	maxMessage = 512
	queued     = 256
	bufferSize = 1024
)

// Hub is the hub. Run must run for as long as it serves.
type Hub struct {
	clients    map[int]*client
	broadcast  chan message
	register   chan *client
	unregister chan *client
	over       chan struct{} // closed when Run has ended
	upgrader   websocket.Upgrader
}

// message is a prepared message, and who it is to; none: everybody.
type message struct {
	to       []int
	prepared *websocket.PreparedMessage
}

type client struct {
	id   int
	conn *websocket.Conn
	send chan *websocket.PreparedMessage
}

// New answers a hub without clients.
func New() *Hub {
	return &Hub{
		clients: make(map[int]*client), broadcast: make(chan message),
		register: make(chan *client), unregister: make(chan *client), over: make(chan struct{}),
		upgrader: websocket.Upgrader{ReadBufferSize: bufferSize, WriteBufferSize: bufferSize},
	}
}

// Run serves the channels until done is closed, and then closes every client. It is
// called once.
func (h *Hub) Run(done <-chan struct{}) {
	defer close(h.over)
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

// queue drops a client whose queue is full.
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

// ServeHTTP takes clients at /ws?id=N, and whoever gives messages at /control: the
// ids, parted by commas, or none for everybody, a line feed, and the message.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/ws" && r.URL.Path != "/control" {
		http.NotFound(w, r)
		return
	}
	id, err := strconv.Atoi(r.FormValue("id"))
	if err != nil && r.URL.Path == "/ws" {
		http.Error(w, "an id is needed", http.StatusBadRequest)
		return
	}
	if r.URL.Path == "/control" {
		if conn, err := h.upgrader.Upgrade(w, r, nil); err == nil { // otherwise the upgrader has answered
			h.control(conn)
		}
		return
	}
	h.take(w, r, id)
}

// take registers a client before it is told that it is connected, so that it
// misses nothing from then on.
func (h *Hub) take(w http.ResponseWriter, r *http.Request, id int) {
	c := &client{id: id, send: make(chan *websocket.PreparedMessage, queued)}
	select {
	case h.register <- c:
	case <-h.over:
		http.Error(w, "the hub has ended", http.StatusServiceUnavailable)
		return
	}
	conn, err := h.upgrader.Upgrade(w, r, nil)
	if err != nil { // the upgrader has answered
		select {
		case h.unregister <- c:
		case <-h.over:
		}
		return
	}
	c.conn = conn
	go c.write()
	go c.read(h)
}

// control passes messages on until its connection ends.
func (h *Hub) control(conn *websocket.Conn) {
	defer conn.Close()
	for {
		_, text, err := conn.ReadMessage()
		if err != nil {
			return
		}
		ids, body, _ := strings.Cut(string(text), "\n")
		prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, []byte(body))
		if err != nil {
			return
		}
		m := message{prepared: prepared}
		for id := range strings.SplitSeq(ids, ",") {
			if n, err := strconv.Atoi(id); err == nil {
				m.to = append(m.to, n)
			}
		}
		select {
		case h.broadcast <- m:
		case <-h.over:
			return
		}
	}
}

// read drops whatever a client says, and notices when it has gone.
func (c *client) read(h *Hub) {
	defer func() {
		select {
		case h.unregister <- c:
		case <-h.over:
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

// write sends what is queued, and a ping now and then.
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
				// The client has been dropped: it may have gone, or not read for long.
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
