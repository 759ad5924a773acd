package live

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"time"
)

//go:embed assets
var files embed.FS

// asset is a part of the page, which says nothing of any engine.
type asset struct {
	content []byte
	kind    string
	tag     string
}

// assets are served under their names, the page itself under the empty one.
var assets = map[string]asset{
	"":         embedded("index.html", "text/html; charset=utf-8"),
	"live.js":  embedded("live.js", "text/javascript; charset=utf-8"),
	"live.css": embedded("live.css", "text/css; charset=utf-8"),
	"icon.svg": embedded("icon.svg", "image/svg+xml"),
}

func embedded(name, kind string) asset {
	content, err := files.ReadFile(path.Join("assets", name))
	if err != nil {
		panic(err) // it is not in this folder
	}
	sum := sha256.Sum256(content)
	return asset{content, kind, `"` + hex.EncodeToString(sum[:8]) + `"`}
}

func serveAsset(w http.ResponseWriter, r *http.Request, name string) {
	a, ok := assets[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "no-cache") // ask whether it is still this one
	w.Header().Set("ETag", a.tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.content))
}
