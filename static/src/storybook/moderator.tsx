import '../ui/base.css'
import '../ui/desk.css'
import '../moderator/console.css'
import '../moderator/grid.css'
import '../moderator/side.css'
import { stories } from '../moderator/stories'
import { show } from './show'

void show('moderator', stories)
