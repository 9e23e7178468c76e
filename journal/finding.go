package journal

// Finding is what an operator should know about a store: why it cannot be used, or which
// promise its settings break. As an error it is the sentence.
type Finding struct {
	Code string // for programs and alerts
	Text string // a sentence that says what to do; it holds no password
}

// Error implements error.
func (f *Finding) Error() string { return f.Text }
