import '../ui/base.css'
import '../ui/night.css'
import '../display/display.css'
import '../display/narrow.css'
import { stories } from '../display/stories'
import { show } from './show'

void show('display', stories)
