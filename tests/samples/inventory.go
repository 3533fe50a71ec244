package inventory

import (
	"errors"
	"fmt"
)

// Limit is how many parts fit.
const Limit = 100

var registry = map[string]*Part{}

// Part is one kind of part.
type Part struct {
	Name  string
	Count int
}

// Taker gives parts away.
type Taker interface {
	Take(wanted int) (int, error)
}

// Take takes some.
// Never more than there are.
func (p *Part) Take(wanted int) (int, error) {
	if wanted < 0 {
		return 0, errors.New("negative")
	}
	p.Count -= wanted
	return wanted, nil
}

func Total[T any](parts []Part, weigh func(Part) int, rest ...T) int {
	total := 0
	for _, part := range parts {
		total += weigh(part)
	}
	fmt.Println(total)
	return total
}

//go:noinline
func clear(a, b int) {
	Total[int](nil, nil)
}
