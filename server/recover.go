package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/reply"
)

// The limits of a recovery.
const (
	maxRecover     = 1 << 10          // bytes of the body
	recoverTimeout = 50 * time.Second // less than the server's time-out for a response
)

// recovery serves the operator who decides that the journal is refilled from this node.
type recovery struct {
	hub  *hub.Hub
	keys auth.Keys
	now  func() time.Time
	log  *slog.Logger
}

type recoverRequest struct {
	Replace bool `json:"replace,omitempty"` // also in place of other records
}

type recoverResponse struct {
	Logs []recoveredLog `json:"logs"`
}

type recoveredLog struct {
	Log     journal.LogID `json:"log"`
	Records int           `json:"records,omitempty"` // that the log holds now
	Error   string        `json:"error,omitempty"`   // why it was not recovered
}

// refill writes the lost logs that this node holds back into the journal. It needs the
// token of an operator: see [auth.Keys.OperatorToken].
func (h recovery) refill(c echo.Context) error {
	if !h.keys.ByOperator(c.Request(), h.now()) {
		return reply.SignedOut()
	}
	var request recoverRequest
	if err := reply.ReadJSON(c, maxRecover, &request); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), recoverTimeout)
	defer cancel()
	response := recoverResponse{Logs: []recoveredLog{}}
	for _, r := range hub.Recover(ctx, h.hub, request.Replace) {
		one := recoveredLog{Log: r.Log, Records: r.Records}
		if r.Err != nil {
			one = recoveredLog{Log: r.Log, Error: r.Err.Error()}
		}
		h.log.Warn("the operator has asked to refill the journal", "log", one.Log, "records", one.Records, "err", one.Error)
		response.Logs = append(response.Logs, one)
	}
	return reply.JSON(c, http.StatusOK, response)
}
