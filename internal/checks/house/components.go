package house

// components returns the strongly connected components of a graph, by Tarjan's
// algorithm.
func components(edges map[string][]string) [][]string {
	s := search{edges: edges, order: map[string]int{}, low: map[string]int{}, open: map[string]bool{}}
	for node := range edges {
		if s.order[node] == 0 {
			s.visit(node)
		}
	}
	return s.found
}

// search is the state of one depth-first search.
type search struct {
	edges map[string][]string
	order map[string]int // in which a node was visited, from 1
	low   map[string]int // the earliest open node that is reachable from a node
	open  map[string]bool
	stack []string // the open nodes
	found [][]string
}

func (s *search) visit(node string) {
	s.order[node] = len(s.order) + 1
	s.low[node] = s.order[node]
	s.stack = append(s.stack, node)
	s.open[node] = true
	for _, next := range s.edges[node] {
		if s.order[next] == 0 {
			s.visit(next)
			s.low[node] = min(s.low[node], s.low[next])
		} else if s.open[next] {
			s.low[node] = min(s.low[node], s.order[next])
		}
	}
	if s.low[node] == s.order[node] {
		s.found = append(s.found, s.pop(node))
	}
}

// pop closes the nodes of the component whose first visited node is root.
func (s *search) pop(root string) []string {
	var component []string
	for {
		last := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		s.open[last] = false
		component = append(component, last)
		if last == root {
			return component
		}
	}
}
