import '../ui/base.css'
import '../ui/desk.css'
import './console.css'
import './grid.css'
import './side.css'
import { mount } from '../mount'
import type { FloorKinds } from './kinds'
import { ModeratorPage } from './page'

mount<FloorKinds>('moderator', ModeratorPage, false)
