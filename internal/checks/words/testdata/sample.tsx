// Whoever reads this HERE
// HERE, a phrase that is parted
// by a line.
const beside = 'beside // beside'
const link = "https://example.com/beside" // beside HERE
const pattern = /[/]\/\/ beside/
const text = `anew // anew
// anew`
/**
 * total answers the sum HERE
 */
function total() {
	return <p>don't // anew beside: an apostrophe ends with its line
	</p> // anew HERE
}
