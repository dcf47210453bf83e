// Caddy starts the caddy whose path it is given, talks to it by HTTP/1.1, 2 and
// 3 on loopback, has it reload, stops it, and prints what came back.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/quic-go/quic-go/http3"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// free returns an address on loopback that nobody uses.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// config serves a folder, by TLS with a certificate of caddy's own.
func config(admin, address, folder string) ([]byte, error) {
	type m = map[string]any
	return json.Marshal(m{
		"admin": m{"listen": admin},
		"apps": m{
			"http": m{"servers": m{"files": m{
				"listen":          []string{address},
				"routes":          []m{{"match": []m{{"host": []string{"localhost"}}}, "handle": []m{{"handler": "file_server", "root": folder}}}},
				"automatic_https": m{"disable_redirects": true},
			}}},
			"tls": m{"automation": m{"policies": []m{{"issuers": []m{{"module": "internal"}}}}}},
			"pki": m{"certificate_authorities": m{"local": m{"install_trust": false}}},
		},
	})
}

func run(server string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "caddy")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	content := bytes.Repeat([]byte("0123456789"), 100_000)
	if err := os.WriteFile(filepath.Join(dir, "big.txt"), content, 0o644); err != nil {
		return err
	}
	admin, err := free()
	if err != nil {
		return err
	}
	address, err := free()
	if err != nil {
		return err
	}
	settings, err := config(admin, address, dir)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "caddy.json")
	if err := os.WriteFile(file, settings, 0o644); err != nil {
		return err
	}
	var log bytes.Buffer
	child := exec.CommandContext(ctx, server, "run", "--config", file)
	child.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	child.Stderr = &log
	if err := child.Start(); err != nil {
		return err
	}
	talked := talk(ctx, admin, address, settings, len(content))
	if err := child.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := child.Wait(); err != nil && talked == nil {
		talked = fmt.Errorf("the server's end: %w", err)
	}
	if talked != nil {
		return fmt.Errorf("%w\n%s", talked, log.String())
	}
	return nil
}

func talk(ctx context.Context, admin, address string, settings []byte, size int) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	url := "https://localhost:" + port + "/big.txt"
	insecure := func() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }
	quic := &http3.Transport{TLSClientConfig: insecure()}
	defer quic.Close()
	old := &http.Transport{TLSClientConfig: insecure(), TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}
	two := &http.Transport{TLSClientConfig: insecure(), ForceAttemptHTTP2: true}
	for round := range 2 {
		if round == 1 {
			if err := reload(ctx, admin, settings); err != nil {
				return err
			}
		}
		for _, transport := range []http.RoundTripper{old, two, quic} {
			if err := fetch(ctx, transport, url, size); err != nil {
				return err
			}
		}
	}
	return nil
}

// fetch gets the file, as soon as the server is there.
func fetch(ctx context.Context, transport http.RoundTripper, url string, size int) error {
	client := &http.Client{Transport: transport}
	defer client.CloseIdleConnections()
	for {
		req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			select {
			case <-ctx.Done():
				return err
			case <-time.After(50 * time.Millisecond):
				continue
			}
		}
		n, err := io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil {
			return err
		}
		fmt.Printf("%s %d, whole: %t\n", resp.Proto, resp.StatusCode, n == int64(size))
		return nil
	}
}

func reload(ctx context.Context, admin string, settings []byte) error {
	changed := strings.Replace(string(settings), `"disable_redirects":true`, `"disable_redirects":true,"skip":["nowhere.test"]`, 1)
	req, err := http.NewRequestWithContext(ctx, "POST", "http://"+admin+"/load", strings.NewReader(changed))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	fmt.Printf("reload: %d\n", resp.StatusCode)
	return nil
}
