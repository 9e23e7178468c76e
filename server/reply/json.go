package reply

import (
	"encoding/json"
	"io"
	"mime"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"
)

// JSON sends v. The response is never cached: every response of the API depends on
// the caller.
func JSON(c echo.Context, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.Blob(status, echo.MIMEApplicationJSON, body)
}

// ReadJSON reads a JSON body of at most limit bytes into v. It is strict: it
// refuses unknown and repeated names, and names in another case.
func ReadJSON(c echo.Context, limit int64, v any) error {
	text, err := ReadBody(c, limit, echo.MIMEApplicationJSON)
	if err != nil {
		return err
	}
	if err := jsonv2.Unmarshal(text, v, jsonv2.RejectUnknownMembers(true)); err != nil {
		return BadBody()
	}
	return nil
}

// ReadBody reads a body of at most limit bytes and of the given media type.
func ReadBody(c echo.Context, limit int64, mediaType string) ([]byte, error) {
	r := c.Request()
	got, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err != nil || got != mediaType {
		return nil, BadType(mediaType)
	}
	if r.ContentLength > limit {
		return nil, TooLarge(limit)
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, BadBody()
	}
	if int64(len(text)) > limit {
		return nil, TooLarge(limit)
	}
	return text, nil
}
