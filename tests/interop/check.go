// Command check verifies a log that Gatebook wrote, using golang.org/x/mod/sumdb alone.
//
//	check <folder of the log> <vkey> <proofs.json>
//
// It opens the checkpoint's note, recomputes the root from the entries, authenticates the tiles
// against that root, and checks inclusion and consistency proofs: ours, and its own from the tiles.
// It prints what it checked as JSON and exits 1 with a reason as soon as something is wrong.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type proofs struct {
	Inclusion []struct {
		Index int64
		Proof [][]byte
	}
	Consistency []struct {
		Size  int64
		Root  []byte
		Proof [][]byte
	}
}

type report struct {
	Origin      string
	Size        int64
	SignedBy    int
	Unverified  int
	Entries     int
	Inclusion   int
	Consistency int
}

// tiles reads tlog-tiles files: x/mod says tile/8/L/N, the specification tile/L/N.
type tiles string

func (folder tiles) Height() int { return 8 }

func (folder tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (folder tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(wanted))
	for i, tile := range wanted {
		path := "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
		read, err := os.ReadFile(filepath.Join(string(folder), path))
		if errors.Is(err, os.ErrNotExist) {
			full := tlog.Tile{H: tile.H, L: tile.L, N: tile.N, W: 256}
			path = "tile/" + strings.TrimPrefix(full.Path(), "tile/8/")
			read, err = os.ReadFile(filepath.Join(string(folder), path))
		}
		if err != nil {
			return nil, err
		}
		if len(read) < tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s is short", path)
		}
		data[i] = read[:tile.W*tlog.HashSize]
	}
	return data, nil
}

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(folder, vkey, proofFile string) error {
	opened, tree, result, err := checkpoint(folder, vkey)
	if err != nil {
		return err
	}
	result.SignedBy, result.Unverified = len(opened.Sigs), len(opened.UnverifiedSigs)
	hashes, err := entries(folder, tree)
	if err != nil {
		return err
	}
	result.Entries = len(hashes)
	raw, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	var given proofs
	if err := json.Unmarshal(raw, &given); err != nil {
		return err
	}
	reader := tlog.TileHashReader(tree, tiles(folder))
	for _, each := range given.Inclusion {
		if err := inclusion(tree, reader, each.Index, each.Proof, hashes); err != nil {
			return err
		}
		result.Inclusion++
	}
	for _, each := range given.Consistency {
		if err := consistency(tree, reader, each.Size, each.Root, each.Proof); err != nil {
			return err
		}
		result.Consistency++
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

func checkpoint(folder, vkey string) (*note.Note, tlog.Tree, *report, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, tlog.Tree{}, nil, err
	}
	raw, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return nil, tlog.Tree{}, nil, err
	}
	opened, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		return nil, tlog.Tree{}, nil, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return nil, tlog.Tree{}, nil, errors.New("checkpoint has not three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return nil, tlog.Tree{}, nil, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil {
		return nil, tlog.Tree{}, nil, err
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return opened, tree, &report{Origin: lines[0], Size: size}, nil
}

// entries decodes the bundles, recomputes the root from them, and returns their hashes.
func entries(folder string, tree tlog.Tree) ([]tlog.Hash, error) {
	var leaves, stored []tlog.Hash
	memory := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = stored[index]
		}
		return found, nil
	})
	for start := int64(0); start < tree.N; start += 256 {
		width := tree.N - start
		if width > 256 {
			width = 256
		}
		tile := tlog.Tile{H: 8, L: 0, N: start / 256, W: int(width)}
		path := "tile/entries/" + strings.TrimPrefix(tile.Path(), "tile/8/0/")
		data, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return nil, err
		}
		for n := int64(0); n < width; n++ {
			if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("%s ends inside an entry", path)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			added, err := tlog.StoredHashes(start+n, data[2:end], memory)
			if err != nil {
				return nil, err
			}
			leaves, stored, data = append(leaves, added[0]), append(stored, added...), data[end:]
		}
		if len(data) != 0 {
			return nil, fmt.Errorf("%s has trailing bytes", path)
		}
	}
	root, err := tlog.TreeHash(tree.N, memory)
	if err == nil && root != tree.Hash {
		err = errors.New("root of the entries is not the root of the checkpoint")
	}
	return leaves, err
}

func inclusion(tree tlog.Tree, reader tlog.HashReader, n int64, given [][]byte, leaves []tlog.Hash) error {
	if err := tlog.CheckRecord(hashes(given), tree.N, tree.Hash, n, leaves[n]); err != nil {
		return err
	}
	own, err := tlog.ProveRecord(tree.N, n, reader)
	if err == nil && !reflect.DeepEqual([]tlog.Hash(own), hashes(given)) {
		err = fmt.Errorf("inclusion proof of %d differs", n)
	}
	return err
}

func consistency(tree tlog.Tree, reader tlog.HashReader, size int64, root []byte, given [][]byte) error {
	var old tlog.Hash
	copy(old[:], root)
	if err := tlog.CheckTree(hashes(given), tree.N, tree.Hash, size, old); err != nil {
		return err
	}
	fromTiles, err := tlog.TreeHash(size, reader)
	if err != nil {
		return err
	}
	if !bytes.Equal(fromTiles[:], root) {
		return fmt.Errorf("root of size %d differs", size)
	}
	own, err := tlog.ProveTree(tree.N, size, reader)
	if err == nil && !reflect.DeepEqual([]tlog.Hash(own), hashes(given)) {
		err = fmt.Errorf("consistency proof from %d differs", size)
	}
	return err
}

func hashes(raw [][]byte) []tlog.Hash {
	result := make([]tlog.Hash, len(raw))
	for i, each := range raw {
		copy(result[i][:], each)
	}
	return result
}
