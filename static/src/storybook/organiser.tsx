import '../ui/base.css'
import '../ui/desk.css'
import '../organiser/organiser.css'
import '../organiser/print.css'
import { stories } from '../organiser/stories'
import { show } from './show'

void show('organiser', stories)
